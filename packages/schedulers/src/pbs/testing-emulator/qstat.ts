import { parseArgs } from 'node:util'
import { Failure } from '../../testing-emulator/place.ts'
import type { PbsTable } from './job-table.ts'
import { printJobs } from './print-jobs.ts'
import { numberOf } from './qdel.ts'

/** `qstat [-x] -f -F json [ID…]`. Other forms are not emulated. @throws {Failure} */
export function qstat(args: readonly string[], table: PbsTable): string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      f: { type: 'boolean', short: 'f' },
      x: { type: 'boolean', short: 'x' },
      F: { type: 'string', short: 'F' },
    },
  })
  if (!values.f || values.F !== 'json') throw new Failure(2, 'qstat: this emulator knows -f -F json alone')
  const isShown = ({ state }: { state: string }): boolean => values.x === true || state !== 'F'
  if (positionals.length === 0) return printJobs(table.all().filter(isShown))
  const [errors, jobs] = [[] as string[], [] as ReturnType<PbsTable['all']>]
  let exitCode = 0
  for (const id of positionals) {
    const job = table.find(numberOf(id))
    if (job !== undefined && isShown(job)) jobs.push(job)
    else {
      exitCode = job === undefined ? 153 : 35
      errors.push(
        job === undefined
          ? `qstat: Unknown Job Id ${id}`
          : `qstat: ${id} Job has finished, use -x or -H to obtain historical job information`,
      )
    }
  }
  if (exitCode !== 0) throw new Failure(exitCode, errors.join('\n'), printJobs(jobs))
  return printJobs(jobs)
}

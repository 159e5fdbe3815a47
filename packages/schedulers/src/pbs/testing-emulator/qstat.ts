import { parseArgs } from 'node:util'
import { Failure } from '../../testing-emulator/place.ts'
import { numberOf, type PbsJob, type PbsTable } from './job-table.ts'
import { printJson, printTable, printText } from './print-jobs.ts'
import { printQueues, printServer } from './print-server.ts'

const flag = (short: string) => ({ type: 'boolean', short }) as const

/** `qstat [-x] [-t] [-f] [-F json] [ID…]`, `qstat -Bf -F json`, `qstat -Qf -F json`. @throws {Failure} */
export function qstat(args: readonly string[], table: PbsTable): string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      f: flag('f'),
      x: flag('x'),
      t: flag('t'),
      B: flag('B'),
      Q: flag('Q'),
      F: { type: 'string', short: 'F' },
    },
  })
  const isJson = values.F === 'json'
  const isShown = ({ state }: PbsJob): boolean => values.x === true || state !== 'F'
  if (values.B || values.Q) {
    if (!values.f || !isJson) throw new Failure(2, 'qstat: this emulator knows -B and -Q with -f -F json alone')
    return (values.B ? printServer : printQueues)(table.all().filter(({ state }) => state !== 'F'))
  }
  const print = (jobs: readonly PbsJob[]): string => {
    if (!values.f) return printTable(jobs)
    return isJson ? printJson(jobs, values.t) : printText(jobs, values.t)
  }
  if (positionals.length === 0) return print(table.all().filter(isShown))
  const [errors, jobs] = [[] as string[], [] as PbsJob[]]
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
  // Without any job the text form prints nothing.
  const text = jobs.length > 0 || isJson ? print(jobs) : ''
  if (exitCode !== 0) throw new Failure(exitCode, errors.join('\n'), text)
  return text
}

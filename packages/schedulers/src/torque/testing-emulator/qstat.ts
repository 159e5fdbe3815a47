import { parseArgs } from 'node:util'
import { Failure } from '../../testing-emulator/place.ts'
import { numberOf, type ServerState, type TorqueJob } from './job-table.ts'
import { type PrintedJob, printText, printXml } from './print-jobs.ts'
import { elementsOf, printQueues } from './print-server.ts'

/** `qstat [-t] -x|-f [ID|QUEUE]…` and `qstat -Q -f`. Other forms are not emulated. @throws {Failure} */
export function qstat(args: readonly string[], jobs: readonly TorqueJob[], state: ServerState): string {
  const flag = (name: string) => ({ type: 'boolean' as const, short: name })
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { f: flag('f'), x: flag('x'), t: flag('t'), Q: flag('Q') },
  })
  if (values.Q) return printQueues(state, jobs)
  if (!values.f && !values.x) throw new Failure(2, 'qstat: this emulator knows -x and -f alone')
  const print = values.x ? printXml : printText
  const shown = (job: TorqueJob): PrintedJob[] =>
    values.t && job.array !== '' ? elementsOf(job).map((element) => ({ job, element })) : [{ job }]
  if (positionals.length === 0) return print(jobs.flatMap(shown))
  const errors: string[] = []
  const found: PrintedJob[] = []
  for (const name of positionals) {
    const job = jobs.find(({ number }) => number === numberOf(name))
    if (job !== undefined) found.push(...shown(job))
    else if (name.startsWith('@')) found.push(...jobs.flatMap(shown))
    else if (state.queues.some((queue) => queue.name === name))
      found.push(...jobs.filter(({ queue }) => queue === name).flatMap(shown))
    else errors.push(`qstat: Unknown Job Id Error ${name}`)
  }
  if (errors.length === 0) return print(found)
  throw new Failure(153, errors.join('\n'), found.length > 0 ? print(found) : '')
}

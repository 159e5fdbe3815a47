import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { node } from '../../testing-emulator/schedule.ts'
import { idOf } from './bkill.ts'
import { isUnfinished, type LsfJob, type LsfTable, shortTime } from './job-table.ts'

/** Each field by its name in `-o`. */
const fields: Readonly<Record<string, (job: LsfJob) => string>> = {
  jobid: ({ number }) => String(number),
  jobindex: () => '0',
  stat: ({ state }) => state,
  user: ({ owner }) => owner,
  queue: ({ queue }) => queue,
  job_name: ({ name }) => name,
  exec_host: ({ startedAt, cores }) => (startedAt === 0 ? '' : `${cores > 1 ? `${cores}*` : ''}${node}`),
  submit_time: ({ createdAt }) => shortTime(createdAt),
  start_time: ({ startedAt }) => shortTime(startedAt),
  finish_time: (job) => (isUnfinished(job) ? limitOf(job) : `${shortTime(job.endedAt)} L`),
  pend_reason: ({ reason }) => reason,
  exit_code: ({ exitCode }) => (exitCode === null || exitCode === 0 ? '' : String(exitCode)),
  exit_reason: ({ exitReason }) => exitReason,
  max_mem: ({ startedAt }) => (startedAt === 0 ? '' : '2 Mbytes'),
  memlimit: ({ memoryMiB }) => (memoryMiB === 0 ? '' : memoryMiB < 1024 ? `${memoryMiB} M` : `${memoryMiB / 1024} G`),
  command: ({ command }) => command,
}

const limitOf = ({ startedAt, wallSeconds }: LsfJob): string =>
  startedAt === 0 || wallSeconds === 0 ? '' : `${shortTime(startedAt + wallSeconds)} L`

/** `bjobs [-a] [-u all] -json -o FIELDS [ID…]`. Other forms are not emulated. @throws {Failure} */
export function bjobs(args: readonly string[], table: LsfTable, { account }: Place): string {
  const textOf = (option: string): string | undefined => args[args.indexOf(option) + 1 || args.length]
  if (!args.includes('-json')) throw new Failure(255, 'this emulator knows -json alone')
  const names = (textOf('-o') ?? '').split(' ')
  const unknown = names.find((name) => !(name in fields))
  if (unknown !== undefined) throw new Failure(255, `${unknown}: unknown field name`)
  const isShown = (job: LsfJob): boolean =>
    (textOf('-u') === 'all' || job.owner === account) &&
    // Long ended ones are forgotten: CLEAN_PERIOD.
    (isUnfinished(job) || (args.includes('-a') && job.endedAt > nowSeconds() - 3_600))
  const ids = args.filter((text) => /^\d+$/.test(text))
  const records =
    ids.length === 0
      ? table
          .all()
          .filter(isShown)
          .map((job) => recordOf(job, names))
      : ids.map((id) => {
          const job = table.find(idOf(id))
          return job === undefined ? { JOBID: id, ERROR: `Job <${id}> is not found` } : recordOf(job, names)
        })
  return printRecords(records)
}

const recordOf = (job: LsfJob, names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name.toUpperCase(), fields[name]?.(job) ?? '']))

/** In LSF's own layout: no blank after a colon, and slashes escaped. */
export function printRecords(records: readonly object[]): string {
  const document = JSON.stringify({ COMMAND: 'bjobs', JOBS: records.length, RECORDS: records }, null, 2)
  return `${document.replace(/^( *"(?:[^"\\]|\\.)*"): /gm, '$1:').replaceAll('/', '\\/')}\n`
}

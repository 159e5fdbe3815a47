import { type JobEnd, type JobId, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, toMilliseconds, withoutFiller, wordsOf } from './answer.ts'
import { readState, sharpenEnd } from './states.ts'

/**
 * Columns of both sacct calls, and the bytes of each.
 *
 * Names of jobs and steps are free text that may hold newlines and separators: printed whole (`--parsable`), a name could forge rows of
 * other jobs. Sixteen bytes, one more than our longest name, do not hold the columns before it; and a row whose name breaks the line is
 * shorter than its columns, so that nobody's `tag\n…` is read as `tag`. For a moment a short job that has ended is called `allocation`:
 * slurmdbd has its end, and not yet its name (22.05).
 */
const widths = {
  JobID: 32,
  State: 32,
  ExitCode: 12,
  Submit: 16,
  Start: 16,
  End: 16,
  NodeList: 64,
  Partition: 64,
  User: 64,
  MaxRSS: 24,
  JobName: 16,
} as const
type Column = keyof typeof widths
type Row = Readonly<Record<Column, string>>

/** The --format argument; each column is padded on its right and followed by a blank. */
export const historyFormat = Object.entries(widths)
  .map(([column, bytes]) => `${column}%-${bytes}`)
  .join(',')

const wholeRow = new RegExp(
  `^${Object.entries(widths)
    .map(([column, bytes]) => `(?<${column}>.{${bytes}}) `)
    .join('')}$`,
)

/** @throws {SchedulerError} `unavailable`. Empty when the site keeps no accounting: no answer will ever come. */
export function parseHistory(output: Output): ReadonlyMap<JobId, JobStatus> {
  const rows = readRows(output)
  const memory = new Map<string, number>()
  const unbegun = new Map<string, Row>()
  for (const row of rows) {
    const { JobID, MaxRSS } = row
    const [job = '', step] = JobID.split('.', 2)
    const bytes = /^\d+$/.test(MaxRSS) ? Number(MaxRSS) : 0
    if (step === 'batch' && isUnbegun(row)) unbegun.set(job, row)
    if (step !== undefined && bytes > 0) memory.set(job, Math.max(memory.get(job) ?? 0, bytes))
  }
  return new Map(
    rows.flatMap((row) => {
      const status = toStatus(row, memory.get(row.JobID))
      if (status === null) return []
      return [[status.id, areAtOnce(row, unbegun.get(row.JobID)) ? notPrepared(status) : status]]
    }),
  )
}

/** The script's own step, of which nobody told how it ended: one that ran ends with a signal, or with the silence of its node. */
const isUnbegun = ({ State, ExitCode, MaxRSS }: Row): boolean =>
  State === 'CANCELLED' && ExitCode === '' && MaxRSS === ''

/**
 * A step whose job's prolog failed, after however long, has the times of its job (recorded, 22.05 and 24.11). One that ran on a node which
 * fell silent has no exit code either, but ends later than its job: when the node is given up.
 */
const areAtOnce = (job: Row, step: Row | undefined): boolean => job.Start === step?.Start && job.End === step.End

/** Slurm drains the node and cancels the job, as root, if it may not be started again: nobody wanted it to end. */
function notPrepared(status: JobStatus): JobStatus {
  const { end } = status
  if (end?.kind !== 'cancelled' || end.by !== '0' || end.host === undefined) return status
  const { by: _, ...rest } = end
  const words = `${status.rawState} before its script began`
  return { ...status, end: { ...rest, kind: 'not-prepared', words } }
}

/** The ended jobs only: whether a job that accounting calls running still runs, only squeue knows. @throws {SchedulerError} `unavailable` */
export function parseHistoryByName(output: Output): readonly JobStatus[] {
  return readRows(output)
    .flatMap((row) => toStatus(row) ?? [])
    .filter(({ phase }) => phase === 'ended')
}

function readRows(output: Output): readonly Row[] {
  if (output.exitCode !== 0) {
    if (/accounting storage is disabled/i.test(output.stderr) && !isNoAnswer(output.stderr)) return []
    const words = wordsOf(output.stderr) || `sacct ended with exit code ${output.exitCode}`
    throw new SchedulerError('unavailable', words)
  }
  // Only whole lines: what follows the last newline was cut.
  return output.stdout
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const cells = wholeRow.exec(line)?.groups as Row | undefined
      return cells
        ? [Object.fromEntries(Object.entries(cells).map(([column, cell]) => [column, cell.trim()])) as Row]
        : []
    })
}

/** One allocation row; null for steps and for ids that are not one job (`58_[3-5%2]`). */
function toStatus(row: Row, maxMemoryBytes?: number): JobStatus | null {
  if (!/^\d+(?:_\d+|\+\d+)?$/.test(row.JobID)) return null
  const { phase, end } = readState(row.State)
  const host = withoutFiller(row.NodeList)
  // Cancelled while it waited, a job has no node; 22.05 prints the time of the cancel as its start all the same.
  const startedAt = host === '' ? undefined : toMilliseconds(row.Start)
  const endedAt = toMilliseconds(row.End)
  const submittedAt = toMilliseconds(row.Submit)
  return {
    id: toJobId(row.JobID),
    name: row.JobName,
    ...(row.User !== '' && { owner: row.User }),
    phase,
    rawState: row.State,
    restarts: 0, // sacct does not tell
    ...(row.Partition !== '' && { partition: row.Partition }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(startedAt !== undefined && { startedAt }),
    ...(end !== undefined && {
      end: {
        ...readExit(end, row.ExitCode),
        ...readCanceller(row.State),
        words: row.ExitCode === '' || row.ExitCode === '0:0' ? row.State : `${row.State}, exit ${row.ExitCode}`,
        ...(startedAt !== undefined && { startedAt }),
        ...(endedAt !== undefined && { endedAt }),
        ...(host !== '' && { host }),
        ...(maxMemoryBytes !== undefined && { maxMemoryMiB: Math.ceil(maxMemoryBytes / 2 ** 20) }),
      },
    }),
  }
}

/** `127:0` or `0:9`. Out of memory is printed as signal 125, which no signal is. */
function readExit(state: JobEnd['kind'], text: string): Pick<JobEnd, 'kind' | 'exitCode' | 'signal'> {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text) ?? []
  const kind = sharpenEnd(state, Number(signal))
  if ((kind !== 'failed' && kind !== 'completed') || code === undefined || signal === undefined) return { kind }
  return signal === '0' ? { kind, exitCode: Number(code) } : { kind, signal: Number(signal) }
}

function readCanceller(state: string): { by?: string } {
  const [, by] = /^CANCELLED by (\S+)$/.exec(state) ?? []
  return by === undefined ? {} : { by }
}

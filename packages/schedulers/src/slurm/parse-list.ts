import { type JobEnd, type JobList, type JobStatus, type Output, toJobId } from '../driver.ts'
import { answered, separator, toMilliseconds, withoutFiller } from './answer.ts'
import { readReason } from './reasons.ts'
import { readState, sharpenEnd } from './states.ts'

/**
 * Bytes of a job name that squeue is asked for: one more than our longest name, so that a longer one is seen to be longer.
 *
 * A name is the only column its owner writes freely, and it may hold newlines and separators: without a limit a user could forge
 * whole rows ("your job was cancelled") inside the name of a job. Sixteen bytes do not hold the other columns, and the name is last.
 */
const nameBytes = 16

/** Column → what a value of it looks like. The suffix after each colon switches off squeue's padding and its cut at 20 characters. */
const columns = {
  JobArrayID: /\d+(?:_\d+|_\[[^\]\x1f\n]*\](?:%\d+)?|\+\d+)?/,
  StateCompact: /[A-Z]{1,4}/,
  UserName: /[^\x1f\n]+/,
  Partition: /[^\x1f\n]*/,
  BatchHost: /[^\x1f\n]*/,
  RestartCnt: /\d+/,
  SubmitTime: /[^\x1f\n]*/,
  StartTime: /[^\x1f\n]*/,
  EndTime: /[^\x1f\n]*/,
  exit_code: /\d+(?::\d+)?/,
  Reason: /[^\x1f\n]*/,
} as const
type Column = keyof typeof columns

/** The --Format argument of the list call. */
export const listFormat = [
  ...Object.keys(columns).map((column) => `${column}:${separator}`),
  `Name:${nameBytes}${separator}`,
].join(',')

const rowStart = new RegExp(
  `^${Object.entries(columns)
    .map(([column, { source }]) => `(?<${column}>${source})${separator}`)
    .join('')}`,
  'gm',
)

/**
 * Read the one squeue call. A row starts where all its columns match; what follows up to the next row is its name.
 * @throws {SchedulerError} `unavailable` if squeue failed.
 */
export function parseList(output: Output): JobList {
  const steps = listSteps(output)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Rows between two steps: a few milliseconds. */
const rowsPerStep = 1_000

/** The same in steps, for who has other things to do: a site may have a hundred thousand jobs. */
export function* listSteps(output: Output): Generator<void, JobList> {
  const text = answered(output, 'squeue')
  // squeue skips a column that it does not know, says so, and still exits 0.
  let complete = !/error:/.test(output.stderr)
  const jobs = new Map<string, JobStatus>()
  /** One match at a time: those of a whole list are ten times the list. */
  let start: RegExpExecArray | undefined
  let count = 0
  for (const next of rowStarts(text)) {
    if (start === undefined ? (next?.index ?? text.length) !== 0 : !readRow(text, start, next, jobs)) complete = false
    start = next
    if (++count % rowsPerStep === 0) yield
  }
  return { complete, jobs: [...jobs.values()].map(withoutEndIfUnknown) }
}

/** The last one is undefined. */
function* rowStarts(text: string): Generator<RegExpExecArray | undefined> {
  yield* text.matchAll(rowStart)
  yield undefined
}

/** @returns whether the row could be read, and was the first of its id. */
function readRow(
  text: string,
  start: RegExpExecArray,
  next: RegExpExecArray | undefined,
  jobs: Map<string, JobStatus>,
): boolean {
  const name = text.slice(start.index + start[0].length, next?.index ?? text.length)
  // A cut row may end inside its name, or inside a later row that then looks like part of the name.
  const isWhole = name.endsWith(`${separator}\n`) && name.length - 2 <= nameBytes
  const row = start.groups as Readonly<Record<Column, string>> | undefined
  const status = isWhole && row ? toStatus(row, name.slice(0, -2)) : null
  if (status === null) return false
  const isFirst = !jobs.has(status.id)
  jobs.set(status.id, isFirst ? status : { ...status, phase: 'unknown' })
  return isFirst
}

function toStatus(row: Readonly<Record<Column, string>>, paddedName: string): JobStatus | null {
  if (row.JobArrayID.includes(' ') || row.JobArrayID.length > 128) return null
  const { phase, end } = readState(row.StateCompact)
  const [host, reason] = [withoutFiller(row.BatchHost), withoutFiller(row.Reason)]
  const [startedAt, endedAt] = [toMilliseconds(row.StartTime), toMilliseconds(row.EndTime)]
  const submittedAt = toMilliseconds(row.SubmitTime)
  const isWaiting = phase === 'pending' || phase === 'held'
  const wait = phase === 'held' ? 'held' : readReason(reason)
  return {
    id: toJobId(row.JobArrayID),
    name: paddedName.trimEnd().replace(/[\x00-\x1f\x7f]/g, '\ufffd'),
    owner: row.UserName,
    // A held job is PENDING to Slurm; its reason tells.
    phase: phase === 'pending' && wait === 'held' ? 'held' : phase,
    rawState: row.StateCompact,
    restarts: Number(row.RestartCnt),
    ...(row.Partition !== '' && { partition: row.Partition }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && { wait, ...(reason !== '' && { reason }), ...(startedAt && { estimatedStartAt: startedAt }) }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    // The host is filler or stale before the job runs.
    ...((phase === 'running' || phase === 'ending' || phase === 'paused') && host !== '' && { host }),
    ...(phase === 'running' && endedAt !== undefined && { endsAt: endedAt }),
    ...(end !== undefined && { end: toEnd(end, row, { host, reason, startedAt, endedAt }) }),
  }
}

interface EndFacts {
  readonly host: string
  readonly reason: string
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

function toEnd(state: JobEnd['kind'], row: Readonly<Record<Column, string>>, facts: EndFacts): JobEnd {
  const { exitCode, signal } = readExit(row.exit_code)
  const sharp = sharpenEnd(state, signal)
  // A job that no node can take is not always left to wait: 24.11 fails it, with a status that no process had.
  const kind = sharp === 'failed' && readReason(facts.reason) === 'never' ? 'impossible' : sharp
  const exit = kind !== 'failed' ? {} : signal ? { signal } : { exitCode }
  return {
    kind,
    ...(kind === 'completed' ? { exitCode: 0 } : exit),
    words: kind === 'impossible' ? facts.reason : [row.StateCompact, facts.reason].filter(Boolean).join(' '),
    ...(facts.host !== '' && { host: facts.host }),
    ...(facts.host !== '' && facts.startedAt !== undefined && { startedAt: facts.startedAt }),
    ...(facts.endedAt !== undefined && { endedAt: facts.endedAt }),
  }
}

/**
 * `7:0` (24.11: exit code, signal) or `1792` (22.05: the status of wait(2), whose low seven bits are the signal).
 * Slurm's own codes (53: no output file, 125: out of memory) travel as signals.
 */
function readExit(text: string): { exitCode: number; signal: number } {
  const [code = '', signal] = text.split(':')
  if (signal !== undefined) return { exitCode: Number(code), signal: Number(signal) }
  return { exitCode: (Number(code) >> 8) & 0xff, signal: Number(code) & 0x7f }
}

/** Two rows that claim one id (a forgery, or a Slurm we do not know) prove nothing about it. */
function withoutEndIfUnknown(status: JobStatus): JobStatus {
  if (status.phase !== 'unknown') return status
  const { end: _, host: __, ...rest } = status
  return rest
}

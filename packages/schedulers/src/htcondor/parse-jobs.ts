import { type JobId, type JobList, type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { wordsOf } from './answer.ts'
import { readEnded, readQueued } from './read-ad.ts'

/**
 * Read `condor_q -json`. An empty queue is told by no output at all, with exit status 0.
 * @throws {SchedulerError} `unavailable` if condor_q failed, `unreadable` if its answer is no list.
 */
export function parseList(output: Output): JobList {
  need(output, 'condor_q')
  // A word on standard error beside an empty answer is about why it is empty.
  if (output.stdout.trim() === '' && wordsOf(output.stderr) !== '') throw unavailable(output, 'condor_q')
  const records = output.stdout.trim() === '' ? [] : readArray(output.stdout)
  const jobs = records.map(readQueued)
  const known = jobs.filter((job) => job !== null)
  const once = [...new Map(known.map((job) => [job.id, job])).values()]
  return {
    // One job twice, said differently, is a damaged list.
    complete: !jobs.includes(null) && once.length === known.length,
    jobs: once.length === known.length ? known : once.map((job) => agreed(job, known)),
  }
}

/**
 * Read `condor_history -json`; jobs that it does not know are absent from it.
 * @throws {SchedulerError} `unavailable`, `unreadable`
 */
export function parseHistory(output: Output): ReadonlyMap<JobId, JobStatus> {
  return new Map(parseHistoryByName(output).map((job) => [job.id, job]))
}

/** The latest first, as condor_history has it. @throws {SchedulerError} `unavailable`, `unreadable` */
export function parseHistoryByName(output: Output): readonly JobStatus[] {
  need(output, 'condor_history')
  return readArray(output.stdout).flatMap((record) => readEnded(record) ?? [])
}

function need(output: Output, program: string): void {
  if (output.exitCode !== 0) throw unavailable(output, program)
}

const unavailable = ({ exitCode, stderr }: Output, program: string): SchedulerError =>
  new SchedulerError('unavailable', wordsOf(stderr) || `${program} ended with exit code ${exitCode}`)

/** @throws {SchedulerError} `unreadable`: half a document is none. */
export function readArray(text: string): readonly unknown[] {
  try {
    const document: unknown = JSON.parse(text)
    if (Array.isArray(document)) return document
  } catch {
    // said below
  }
  throw new SchedulerError('unreadable', 'HTCondor printed something that is no list')
}

/** What several records of one job say alike; where they differ, nothing is known. */
function agreed(job: JobStatus, all: readonly JobStatus[]): JobStatus {
  const same = all.filter(({ id }) => id === job.id)
  if (same.every((other) => JSON.stringify(other) === JSON.stringify(job))) return job
  const { end: _end, host: _host, ...rest } = job
  return { ...rest, phase: 'unknown' }
}

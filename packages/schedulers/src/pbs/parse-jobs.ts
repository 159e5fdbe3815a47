import { type JobId, type JobList, type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { readRecord } from './read-record.ts'

/**
 * Read `qstat -f -F json`. A server that does not answer still gets a whole document, one without jobs, and exit status 255: without both a
 * good status and good words the absence of a job proves nothing.
 * @throws {SchedulerError} `unavailable` if qstat failed, `unreadable` if nothing of its answer can be read.
 */
export function parseList(output: Output): JobList {
  if (output.exitCode !== 0 || isNoAnswer(output.stderr)) throw unavailable(output)
  return readDocument(output.stdout)
}

/**
 * Read `qstat -x -f -F json ID…`: ids that PBS has forgotten make it end with 153 (or 35 for jobs that have finished, where no history is
 * kept) after it has told of the others. @throws {SchedulerError} `unavailable`, `unreadable`
 */
export function parseHistory(output: Output): ReadonlyMap<JobId, JobStatus> {
  const { exitCode, stdout, stderr } = output
  const forgets = /^(?:qstat: .*(?:unknown job id|job has finished).*\n?)+$/i.test(stderr)
  if ((exitCode !== 0 && !forgets) || isNoAnswer(stderr)) throw unavailable(output)
  if (stdout.trim() === '') return new Map()
  return new Map(
    readDocument(stdout)
      .jobs.filter(({ phase }) => phase === 'ended')
      .map((job) => [job.id, job]),
  )
}

const unavailable = ({ exitCode, stderr }: Output): SchedulerError =>
  new SchedulerError('unavailable', wordsOf(stderr) || `qstat ended with exit code ${exitCode}`)

function readDocument(text: string): JobList {
  const jobs = parseJson(text)
  if (jobs !== null) return readJobs(Object.entries(jobs))
  return salvage(text)
}

/** @returns what stands under `Jobs`; nothing at all where there are no jobs; null if this is no JSON, or not qstat's. */
function parseJson(text: string): object | null {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document !== 'object' || document === null || !('pbs_server' in document)) return null
    if (!('Jobs' in document)) return {}
    return typeof document.Jobs === 'object' && document.Jobs !== null ? document.Jobs : null
  } catch {
    return null
  }
}

function readJobs(entries: readonly (readonly [string, unknown])[]): JobList {
  const jobs = entries.map(([id, value]) => readRecord(id, value))
  return {
    complete: !jobs.includes(null),
    jobs: jobs.filter((job) => job !== null),
  }
}

/** A record as qstat lays it out: its id at the second level, its end at the same. */
const block = /^\t\t"([^"\t\n]{1,128})":\t(\{\n(?:\t{3}.*\n)*?\t\t\}),?$/gm

/**
 * A document that is no JSON: cut off, or with an environment variable that an older PBS wrote down as it stood. Records that can be read by
 * themselves are, but since somebody's variable may look like the record of another job, none of them is evidence of an end.
 */
function salvage(text: string): JobList {
  if (!/^\{\n\t"timestamp":/.test(text))
    throw new SchedulerError('unreadable', 'qstat printed something that is no list')
  const found = new Map<string, JobStatus>()
  for (const [, id = '', body = ''] of text.matchAll(block)) {
    const job = readBlock(id, body)
    if (job !== null) found.set(id, found.has(id) || job.phase === 'ended' ? unsure(job) : job)
  }
  return { complete: false, jobs: [...found.values()] }
}

function readBlock(id: string, body: string): JobStatus | null {
  try {
    return readRecord(id, JSON.parse(body))
  } catch {
    return null
  }
}

function unsure({ end: _end, host: _host, ...job }: JobStatus): JobStatus {
  return { ...job, phase: 'unknown' }
}

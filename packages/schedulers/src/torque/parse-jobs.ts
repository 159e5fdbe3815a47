import { isDeepStrictEqual } from 'node:util'
import { type JobId, type JobList, type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from '../pbs/answer.ts'
import { readXml } from '../read-xml.ts'
import { readRecord } from './read-record.ts'

/**
 * Read `qstat -x`. @throws {SchedulerError} `unavailable` if qstat failed, `unreadable` if nothing of its answer can be read.
 */
export function parseList(output: Output): JobList {
  if (output.exitCode !== 0 || isNoAnswer(output.stderr)) throw unavailable(output)
  return readDocument(output)
}

/**
 * Read `qstat -x ID…`: of ids that Torque has forgotten it says so, ends with 153, and tells of the others.
 * @throws {SchedulerError} `unavailable`, `unreadable`
 */
export function parseHistory(output: Output): ReadonlyMap<JobId, JobStatus> {
  const { exitCode, stderr } = output
  const forgets = /^(?:\s*qstat: Unknown Job Id.*\n?)+$/i.test(stderr)
  if ((exitCode !== 0 && !(exitCode === 153 && forgets)) || isNoAnswer(stderr)) throw unavailable(output)
  return new Map(
    readDocument({ ...output, stderr: '' })
      .jobs.filter(({ phase }) => phase === 'ended')
      .map((job) => [job.id, job]),
  )
}

const unavailable = ({ exitCode, stderr }: Output): SchedulerError =>
  new SchedulerError('unavailable', wordsOf(stderr) || `qstat ended with exit code ${exitCode}`)

function readDocument({ stdout, stderr }: Output): JobList {
  // A server without any job prints nothing at all (older ones), or a document without jobs.
  if (stdout.trim() === '' && stderr.trim() === '') return { complete: true, jobs: [] }
  const root = readXml(stdout)
  if (root?.name !== 'Data' || root.text.trim() !== '') return salvage(stdout)
  const jobs = root.children.map(readRecord)
  const { found, areTwins } = byId(jobs)
  return { complete: !jobs.includes(null) && !areTwins, jobs: found }
}

/** A record from its first tag to its last, without the beginning of another in it. */
const block = /<Job>(?:(?!<Job>)[\s\S])*?<\/Job>/g

/**
 * A document that is no XML: cut off, or damaged. Records that can be read by themselves are, but since a damaged text may hold parts of
 * two jobs as one, none of them is evidence of an end.
 */
function salvage(text: string): JobList {
  if (!/<Data>|<Job>/.test(text)) throw new SchedulerError('unreadable', 'qstat printed something that is no list')
  const records = (text.match(block) ?? []).map((one) => {
    const element = readXml(one)
    return element === null ? null : readRecord(element)
  })
  const { found } = byId(records)
  return { complete: false, jobs: found.map((job) => (job.phase === 'ended' ? unsure(job) : job)) }
}

/** One row for each id. Of an id that stands there twice with different words nothing is known. */
function byId(records: readonly (JobStatus | null)[]): { found: JobStatus[]; areTwins: boolean } {
  const found = new Map<JobId, JobStatus>()
  let areTwins = false
  for (const job of records) {
    if (job === null) continue
    const twin = found.get(job.id)
    const isTwin = twin !== undefined && !isDeepStrictEqual(twin, job)
    areTwins ||= isTwin
    found.set(job.id, isTwin ? unsure(job) : job)
  }
  return { found: [...found.values()], areTwins }
}

const unsure = ({ end: _end, host: _host, ...job }: JobStatus): JobStatus => ({ ...job, phase: 'unknown' })

import { type JobId, type JobList, type JobStatus, type Output, SchedulerError } from '../driver.ts'
import { readXml, type XmlElement } from '../read-xml.ts'
import { isNoAnswer, wordsOf } from './answer.ts'
import { readJob } from './read-job.ts'

/**
 * Read `mdiag -j --xml`. Two records of one job prove nothing about it.
 * @throws {SchedulerError} `unavailable` if mdiag failed, `unreadable` if nothing of its answer can be read.
 */
export function parseList(output: Output): JobList {
  const text = answered(output, 'mdiag')
  const root = readXml(text)
  if (root === null) return salvage(text)
  if (root.name !== 'Data') throw new SchedulerError('unreadable', 'mdiag printed something that is no list')
  return unambiguous(jobsIn(root).map((element) => (isParent(element) ? 'parent' : readJob(element))))
}

/** Read `showq -c --xml`: the jobs that have ended of late. @throws {SchedulerError} `unavailable`, `unreadable` */
export function parseHistory(output: Output): ReadonlyMap<JobId, JobStatus> {
  const root = readXml(answered(output, 'showq'))
  if (root?.name !== 'Data') throw new SchedulerError('unreadable', 'showq printed something that is no list')
  const { jobs } = unambiguous(jobsIn(root).map(readJob))
  return new Map(jobs.filter(({ phase }) => phase === 'ended').map((job) => [job.id, job]))
}

function answered({ exitCode, stdout, stderr }: Output, program: string): string {
  if (exitCode === 0 && !isNoAnswer(stderr) && !/^ERROR:/m.test(stderr)) return stdout
  throw new SchedulerError('unavailable', wordsOf(stderr) || `${program} ended with exit code ${exitCode}`)
}

/** Jobs stand in `<Data>`, with showq in its queues. */
const jobsIn = ({ children }: XmlElement): readonly XmlElement[] =>
  children.flatMap((child) =>
    child.name === 'queue' ? child.children.filter(({ name }) => name === 'job') : child.name === 'job' ? [child] : [],
  )

/** What Moab keeps of an array as a whole; its elements are jobs of their own. */
const isParent = ({ attributes, children }: XmlElement): boolean =>
  attributes.RM === 'internal' && children.some(({ name }) => name === 'ArrayInfo')

function unambiguous(records: readonly (JobStatus | 'parent' | null)[]): JobList {
  const found = new Map<string, JobStatus>()
  let complete = true
  for (const job of records) {
    if (job === 'parent') continue
    if (job === null || found.has(job.id)) complete = false
    if (job !== null) found.set(job.id, found.has(job.id) ? unsure(job) : job)
  }
  return { complete, jobs: [...found.values()] }
}

/** The elements `<job …>` that stand whole in a text, whatever stands between them. */
const elementsIn = (text: string): string[] =>
  text.split(/(?=<job\s)/).flatMap((part) => {
    const tagEnd = part.indexOf('>')
    const end = part[tagEnd - 1] === '/' ? tagEnd + 1 : part.indexOf('</job>') + '</job>'.length
    return part.startsWith('<job') && tagEnd > 0 && end >= tagEnd ? [part.slice(0, end)] : []
  })

/**
 * A text that is no XML: cut off, or with a character that Moab did not write as it must. Jobs that can be read by themselves are, but none
 * of them is evidence of an end.
 */
function salvage(text: string): JobList {
  if (!/^\s*(?:<\?xml[^<>]*\?>\s*)?<Data\b/.test(text))
    throw new SchedulerError('unreadable', 'mdiag printed something that is no list')
  const jobs = elementsIn(text).flatMap((one) => {
    const root = readXml(one)
    const job = root === null || isParent(root) ? null : readJob(root)
    return job === null ? [] : [job]
  })
  const list = unambiguous(jobs)
  return { complete: false, jobs: list.jobs.map((job) => (job.phase === 'ended' ? unsure(job) : job)) }
}

function unsure({ end: _end, host: _host, wait: _wait, reason: _reason, ...job }: JobStatus): JobStatus {
  return { ...job, phase: 'unknown' }
}

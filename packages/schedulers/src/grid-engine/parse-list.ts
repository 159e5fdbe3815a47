import { type JobList, type JobStatus, type Output, SchedulerError, toJobId } from '../driver.ts'
import { plain } from '../plain.ts'
import { childText, readXml, type XmlElement } from '../read-xml.ts'
import { toSeconds, toTime } from './amounts.ts'
import { wordsOf } from './answer.ts'
import { isInError, readRestarts, readState } from './states.ts'

/**
 * Read `qstat -s a -u '*' -r -xml`: every living job of everyone, in two parts (those that have a queue, and those that wait).
 * @throws {SchedulerError} `unavailable` if qstat failed, `unreadable` if what it printed is no list.
 */
export function parseList({ exitCode, stdout, stderr }: Output): JobList {
  if (exitCode !== 0)
    throw new SchedulerError('unavailable', wordsOf(stderr) || `qstat ended with exit code ${exitCode}`)
  if (!/^\s*<\?xml\b[^>]*>\s*<job_info\b/.test(stdout))
    throw new SchedulerError('unreadable', 'qstat printed something that is no list')
  const document = readXml(stdout)
  return document === null ? salvage(stdout) : readDocument(document)
}

function readDocument({ children }: XmlElement): JobList {
  const names = children.map(({ name }) => name).join(' ')
  const elements = children.flatMap((part) => part.children)
  const records = elements.map((element) => (element.name === 'job_list' ? readRecord(element) : null))
  const jobs = withoutTwins(records.filter((job) => job !== null))
  return { complete: names === 'queue_info job_info' && jobs.length === elements.length && jobs.every(isSure), jobs }
}

const piece = /<job_list\b[^<>]*>(?:(?!<job_list\b)[\s\S])*?<\/job_list>/g

/** A document that is cut off or damaged. Records that can be read by themselves are; what is not there proves nothing. */
function salvage(text: string): JobList {
  const elements = [...text.matchAll(piece)].map(([words]) => readXml(words))
  const records = elements.map((element) => (element === null ? null : readRecord(element)))
  return { complete: false, jobs: withoutTwins(records.filter((job) => job !== null)) }
}

const isSure = ({ phase }: JobStatus): boolean => phase !== 'unknown'

/** A job that is listed twice, and not with the same words, is somewhere; where is not known. */
function withoutTwins(all: readonly JobStatus[]): readonly JobStatus[] {
  const jobs = new Map<string, JobStatus>()
  for (const job of all) {
    const { id, name, rawState, restarts } = job
    jobs.set(id, jobs.has(id) ? { id, name, rawState, restarts, phase: 'unknown' } : job)
  }
  return [...jobs.values()]
}

/** @returns null for what is no record of a job. */
export function readRecord(element: XmlElement): JobStatus | null {
  const number = childText(element, 'JB_job_number')
  const state = childText(element, 'state')
  const name = childText(element, 'full_job_name') ?? childText(element, 'JB_name')
  const tasks = childText(element, 'tasks')
  if (number === undefined || !/^\d{1,10}$/.test(number) || state === undefined || name === undefined) return null
  if (tasks !== undefined && !/^[\d,:-]{1,100}$/.test(tasks)) return null
  const phase = readState(state)
  const owner = childText(element, 'JB_owner')
  const [, queue = '', host] = /^([^@]*)(?:@([\w.-]{1,255}))?$/.exec(childText(element, 'queue_name') ?? '') ?? []
  const startedAt = toTime(childText(element, 'JAT_start_time'))
  const submittedAt = toTime(childText(element, 'JB_submission_time'))
  const isWaiting = phase === 'pending' || phase === 'held'
  const isPlaced = phase === 'running' || phase === 'ending' || phase === 'paused'
  const wallSeconds = wallSecondsOf(element)
  return {
    id: toJobId(tasks === undefined ? number : `${number}.${tasks}`),
    name: plain(name),
    ...(owner !== undefined && { owner: plain(owner) }),
    phase,
    rawState: plain(state).slice(0, 16),
    restarts: readRestarts(state),
    ...(queue !== '' && { partition: plain(queue) }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && { wait: isInError(state) ? 'never' : phase === 'held' ? 'held' : 'normal' }),
    ...(isInError(state) && { reason: 'Grid Engine set the job into an error state.' }),
    ...(isPlaced && host !== undefined && { host }),
    ...(isPlaced && startedAt !== undefined && { startedAt }),
    ...(phase === 'running' &&
      startedAt !== undefined &&
      wallSeconds !== undefined && { endsAt: startedAt + wallSeconds * 1000 }),
  }
}

/** The walltime that was asked for; a queue's own limit is not in the list. */
function wallSecondsOf({ children }: XmlElement): number | undefined {
  const request = children.find(({ name, attributes }) => name === 'hard_request' && attributes.name === 'h_rt')
  return toSeconds(request?.text.trim())
}

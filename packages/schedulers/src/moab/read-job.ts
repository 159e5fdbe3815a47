import { type JobEnd, type JobStatus, toJobId } from '../driver.ts'
import { plain } from '../plain.ts'
import type { XmlElement } from '../read-xml.ts'
import { hostOf, toSeconds, toTime } from './answer.ts'
import { readEnd, readReason, readState, toSentence } from './states.ts'

/** `Moab.12`, or an id of the resource manager below it. */
const jobId = /^[A-Za-z0-9][\w.-]{0,100}(?:\[\d{0,9}\])?$/

/** Reads one `<job …>` of mdiag or showq. @returns null for what is none. */
export function readJob({ name: tag, attributes, children }: XmlElement): JobStatus | null {
  const { JobID = '', State = '', JobName = '', User } = attributes
  if (tag !== 'job' || !jobId.test(JobID) || !/^[A-Za-z]{2,20}$/.test(State)) return null
  const holds = attributes.Hold !== undefined && attributes.Hold !== ''
  const state = readState(State)
  const phase = state === 'pending' && holds ? 'held' : state
  const isWaiting = phase === 'pending' || phase === 'held'
  const nodes = children.find(({ name }) => name === 'req')?.attributes.AllocNodeList
  const host = hostOf(nodes ?? attributes.MasterHost)
  const [submittedAt, startedAt] = [toTime(attributes.SubmissionTime), toTime(attributes.StartTime)]
  const limit = toSeconds(attributes.ReqAWDuration)
  const pausedFor = toSeconds(attributes.SuspendDuration) ?? 0
  const estimated = toTime(attributes.RsvStartTime)
  const reason = reasonOf({ attributes, children })
  return {
    id: toJobId(JobID),
    name: plain(JobName),
    ...(User !== undefined && { owner: plain(User) }),
    phase,
    rawState: holds ? `${State}, held by ${plain(attributes.Hold ?? '')}`.slice(0, 100) : State,
    restarts: 0, // StartCount counts tries, not runs
    ...(attributes.Class && { partition: plain(attributes.Class) }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && {
      wait: phase === 'held' ? 'held' : readReason(reason),
      ...(reason !== '' && { reason }),
      ...(estimated !== undefined && { estimatedStartAt: estimated }),
    }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    ...((phase === 'running' || phase === 'paused') && host !== undefined && { host }),
    ...(phase === 'running' &&
      startedAt !== undefined &&
      limit !== undefined && { endsAt: startedAt + (limit + pausedFor) * 1000 }),
    ...(phase === 'ended' && { end: endOf({ attributes, startedAt, host, limit }) }),
  }
}

/** Why it waits: the policy that blocks it, else the last of Moab's messages about it. */
function reasonOf({ attributes, children }: Pick<XmlElement, 'attributes' | 'children'>): string {
  const messages = children.find(({ name }) => name === 'Messages')?.children ?? []
  return toSentence(attributes.BlockReason || messages.at(-1)?.attributes.DATA || attributes.Description || '')
}

interface Ended {
  readonly attributes: XmlElement['attributes']
  readonly startedAt: number | undefined
  readonly host: string | undefined
  readonly limit: number | undefined
}

function endOf({ attributes, startedAt, host, limit }: Ended): JobEnd {
  const { State = '', CompletionCode = '' } = attributes
  const ranFor = toSeconds(attributes.AWDuration)
  const endedAt = toTime(attributes.CompletionTime)
  const isOver = ranFor !== undefined && limit !== undefined && limit > 0 && ranFor >= limit
  return {
    ...readEnd(State, CompletionCode, isOver),
    words: plain(CompletionCode === '' ? State : `${State}, completion code ${CompletionCode}`).slice(0, 200),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(host !== undefined && { host }),
  }
}

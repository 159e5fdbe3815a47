/** What is said while a scheduler does not answer: since when, and that nothing is concluded from it. Pure. */
import type { Session } from '../sessions/session.ts'
import type { SchedulerWord, Sessions } from '../sessions/sessions.ts'
import { type TimeWords, took } from './format.ts'

export type ClusterHealth = ReturnType<Sessions['clusterHealth']>

export interface Silence {
  readonly cluster: string
  /** The scheduler's name and since when it has been silent. */
  readonly lead: string
  readonly sentence: string
  /** What the last try brought, verbatim but for characters that would turn the line around. */
  readonly words: string | null
}

/** @param who what is as it was then: `The session is`, `Its sessions are`. */
export function silenceOf(
  { lastAnswerAt, failingSince, words }: ClusterHealth,
  cluster: string,
  who: string,
  times: TimeWords,
  now: number,
): Silence | null {
  if (failingSince === null) return null
  const since = lastAnswerAt ?? failingSince
  return {
    cluster,
    lead: `${cluster} has not answered since ${times.moment(since, now)} (${took(now - since)}).`,
    sentence: `${who} as ${who.endsWith('are') ? 'they were' : 'it was'} then. Nothing is lost: it is asked until it answers.`,
    words: words === null ? null : oneLine(words),
  }
}

/** Two answers at their slowest pace: one that misses a job is nothing to tell. */
const missedMs = 45_000

/**
 * The scheduler answers, and its answers do not show this session's job: it may be over, or hidden from the hub.
 * @param word its last word on the job; null if there was none since the hub came up.
 */
export function unseenOf(
  { facts, spec, submittedAt }: Session,
  { lastAnswerAt, missing = 0 }: ClusterHealth,
  word: SchedulerWord | null,
  times: TimeWords,
  now: number,
): Silence | null {
  const since = word?.askedAt ?? submittedAt
  if (facts.state === 'ended' || missing === 0 || since === null || lastAnswerAt === null) return null
  if (lastAnswerAt - since < missedMs) return null
  const cluster = spec.clusterTitle
  const known =
    word === null ? 'since the gateway was started' : `since ${times.moment(since, now)} (${took(now - since)})`
  return {
    cluster,
    lead: `${cluster} answers, and has not shown this job ${known}.`,
    sentence: 'That alone does not end the session: it goes on as it was until something tells that its job is over.',
    words: null,
  }
}

/** A list is asked for everybody; where jobs are asked about one at a time, turns come round slower than this with many of them. */
const oldMs = 30_000

/**
 * How old what is known of this job is, where its cluster has answered about others since: schedulers that are asked about one job at
 * a time. Null where the last answer was about this one too, and where `unseenOf` has more to say.
 */
export function ageOf(
  { facts, spec }: Session,
  { lastAnswerAt, failingSince, missing = 0 }: ClusterHealth,
  word: SchedulerWord | null,
  times: TimeWords,
  now: number,
): string | null {
  if (facts.state === 'ended' || word === null || lastAnswerAt === null || failingSince !== null || missing > 0)
    return null
  if (lastAnswerAt - word.askedAt < oldMs) return null
  return `${spec.clusterTitle} is asked about one job at a time. What it says of this one is from ${times.moment(word.askedAt, now)} (${took(now - word.askedAt)} ago).`
}

const oneLine = (words: string): string =>
  words
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .slice(0, 400)

/** What is said while a scheduler does not answer: since when, and that nothing is concluded from it. Pure. */
import type { Sessions } from '../sessions/sessions.ts'
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

const oneLine = (words: string): string =>
  words
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .slice(0, 400)

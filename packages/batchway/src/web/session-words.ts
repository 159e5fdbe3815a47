/** A session's state in a chip and in sentences. Pure. */
import type { OutcomeWords, Say, Tone } from '../sessions/outcomes.ts'
import type { Session } from '../sessions/session.ts'
import { count, memory, type TimeWords } from './format.ts'
import { waitingView } from './waiting-view.ts'

export interface Chip {
  readonly tone: Tone
  readonly icon: string
  readonly word: string
}

export interface Words {
  /** The page's largest text. */
  readonly sentence: string
  readonly detail: string
  readonly cause: string | null
  readonly next: string | null
  /** To type, verbatim. */
  readonly command: string | null
  /** The scheduler's own words, verbatim. */
  readonly raw: string | null
}

/** What the history adds to a session's facts. */
export interface Past {
  readonly isRequeued: boolean
}

/** What the scheduler's last word adds. */
export interface Present {
  /** Its job is over, and is being cleared up after. */
  readonly isEnding: boolean
}

const toneIcons: Readonly<Record<Tone, string>> = {
  ok: 'check',
  wait: 'clock',
  move: 'turn',
  bad: 'alert',
  idle: 'stop',
}

/** Sizes in words: `4 cores, 16 GB, 1 A100`. */
export function sizeWords({ cores, memoryMiB, gpus, gpuType }: Session['spec']['resources']): string {
  const parts = [count(cores, 'core', 'cores'), memory(memoryMiB)]
  if (gpus > 0) parts.push(gpuType ? `${gpus} ${gpuType.toUpperCase()}` : count(gpus, 'GPU', 'GPUs'))
  return parts.join(', ')
}

export function chipOf(
  { facts }: Session,
  ending: OutcomeWords | null,
  { isRequeued }: Past,
  { isEnding }: Present,
): Chip {
  const chip = (tone: Tone, word: string, icon = toneIcons[tone]): Chip => ({ tone, icon, word })
  const paused = chip('idle', 'Paused', 'pause')
  if (isEnding && facts.state !== 'stopping') return chip('move', 'Ending')
  switch (facts.state) {
    case 'submitting':
      return chip('move', 'Submitting')
    case 'queued':
      if (facts.waiting.hold === 'paused') return paused
      if (facts.waiting.hold === 'held') return chip('wait', 'Held', 'pause')
      return isRequeued ? chip('wait', 'Requeued', 'again') : chip('wait', 'Waiting')
    case 'starting':
      return facts.paused ? paused : chip('move', 'Starting')
    case 'ready':
      if (facts.paused) return paused
      return facts.reachable ? chip('ok', 'Ready') : chip('wait', 'Not answering')
    case 'stopping':
      return chip('move', 'Stopping')
    case 'ended': {
      const icon = facts.outcome.code === 'walltime' ? 'hourglass' : undefined
      return chip(ending?.tone ?? 'idle', ending?.title ?? 'Ended', icon)
    }
  }
}

const leaving = 'You can close this page: the session keeps its place.'

export function wordsOf(
  { facts, spec, readyAt }: Session,
  times: TimeWords,
  say: Say,
  ending: OutcomeWords | null,
  past: Past,
  { isEnding }: Present,
): Words {
  const app = spec.application.title
  const words = (sentence: string, detail: string, more: Partial<Words> = {}): Words => ({
    cause: null,
    next: null,
    command: null,
    raw: null,
    ...more,
    sentence,
    detail,
  })
  const clearing = `${spec.clusterTitle} is clearing up after its job.`
  if (isEnding && facts.state !== 'stopping')
    return words(`${app} is ending.`, `${clearing} How it ended is here as soon as ${spec.clusterTitle} tells.`)
  switch (facts.state) {
    case 'submitting':
      return words(`Asking ${spec.clusterTitle} for a place.`, `This takes a second or two. ${leaving}`)
    case 'queued': {
      const { sentence, ...more } = waitingView(facts, spec, past, say)
      const back = past.isRequeued && facts.waiting.hold === 'none'
      const detail = back
        ? `It lost its node and begins anew on the next one; saved files are there. ${leaving}`
        : leaving
      return words(sentence, detail, more)
    }
    case 'starting':
      if (facts.paused) return words(`${app} is paused while it starts.`, `The scheduler suspended the job. ${leaving}`)
      return facts.claim === null
        ? words(`The node is being prepared for ${app}.`, `The scheduler gave it a place. ${leaving}`)
        : words(`${app} is starting.`, `It opens here as soon as it answers. ${leaving}`)
    case 'ready':
      if (facts.paused) return words(`${app} is paused.`, 'The scheduler suspended the job; it goes on where it was.')
      if (facts.reachable) {
        const since = readyAt === null ? '' : ` Ready since ${times.clock(readyAt)}.`
        return words(`${app} is ready.`, `${sizeWords(spec.resources)}.${since}`)
      }
      return words(
        `${app} does not answer at the moment.`,
        'Nothing ends for that: it is back as soon as the node answers.',
      )
    case 'stopping':
      return words(`${app} is being stopped.`, isEnding ? clearing : 'It gets a moment to save and close.')
    case 'ended':
      return words(ending?.sentence ?? '', ending?.safe ?? '', {
        cause: ending?.cause ?? null,
        next: ending?.next ?? null,
      })
  }
}

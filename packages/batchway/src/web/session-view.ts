import { type OutcomeWords, outcomeWords, placeOf, type Say, type Tone, waitingWords } from '../sessions/outcomes.ts'
import type { Session } from '../sessions/session.ts'
import { count, duration, hoursMinutes, memory, type TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import { jobOf, nodeOf, type Stage, stageTimeline, type Trace } from './stage-timeline.ts'

export interface Chip {
  readonly tone: Tone
  readonly icon: string
  readonly word: string
}

/** Everything a template may say of one session: words and numbers, decided here; templates only place them. */
export interface SessionView {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly application: string
  readonly state: Session['facts']['state']
  readonly chip: Chip
  readonly meta: string
  /** The page's largest text. */
  readonly sentence: string
  readonly detail: string
  readonly cause: string | null
  readonly next: string | null
  readonly raw: string | null
  readonly isActive: boolean
  readonly isReady: boolean
  /** A route is there: it can be opened. */
  readonly isOpenable: boolean
  readonly left: { readonly text: string; readonly of: string; readonly share: number; readonly tone: string } | null
  readonly endsAt: number | null
  readonly askedAt: number
  readonly endedAt: number | null
  readonly endedDay: string
  readonly ran: string
  readonly stages: readonly Stage[]
  readonly facts: readonly { readonly term: string; readonly text: string }[]
  readonly log: readonly string[]
  readonly logPlace: string | null
  readonly outcome: { readonly code: string; readonly words: string | null; readonly record: string } | null
  readonly urls: {
    readonly page: string
    readonly open: string
    readonly stop: string
    readonly again: string
    readonly edit: string
  }
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

/** Pure: a session as the pages show it at the moment `now`. */
export function sessionView(
  session: Session,
  now: number,
  times: TimeWords,
  paths: HubPaths,
  trace: Trace = { job: null, node: null },
): SessionView {
  const say: Say = { clock: (at) => times.moment(at, now), memory, duration }
  const { facts, spec, userName, serverName } = session
  const ending =
    facts.state === 'ended'
      ? outcomeWords(facts.outcome, session, say)
      : facts.state === 'stopping'
        ? outcomeWords(facts.because, session, say)
        : null
  const node = nodeOf(session, trace)
  const app = spec.application.title
  const where = placeOf(spec) === spec.clusterTitle ? '' : `, partition ${placeOf(spec)}`
  return {
    id: session.id,
    version: session.version,
    title: serverName === '' ? spec.profile.title : `${spec.profile.title}: ${serverName}`,
    application: app,
    state: facts.state,
    chip: chipOf(session, ending),
    meta: `${app} on ${spec.clusterTitle}${where}${node ? `, node ${node}` : ''}`,
    ...wordsOf(session, times, say, ending),
    isActive: facts.state !== 'ended',
    isReady: facts.state === 'ready',
    isOpenable: facts.state === 'ready' && facts.reachable,
    left: facts.state === 'ready' ? leftOf(session, now) : null,
    endsAt: session.endsAt,
    askedAt: session.createdAt,
    endedAt: session.endedAt,
    endedDay: session.endedAt === null ? '' : times.day(session.endedAt, now),
    ran: ranOf(session),
    stages: stageTimeline(session, now, ending, trace),
    facts: factsOf(session, times, trace),
    log: facts.state === 'ended' ? facts.outcome.log : [],
    logPlace: facts.state === 'ended' ? facts.outcome.logPlace : null,
    outcome: facts.state === 'ended' ? recordOf(session, facts.outcome) : null,
    urls: {
      page: paths.session(session.id),
      open: paths.server(userName, serverName) + spec.application.openPath.replace(/^\/+/, ''),
      stop: `${paths.session(session.id)}/stop`,
      again: `${paths.session(session.id)}/relaunch`,
      edit: `${paths.spawn(userName, serverName)}?again=${encodeURIComponent(session.id)}`,
    },
  }
}

function chipOf({ facts }: Session, ending: OutcomeWords | null): Chip {
  const chip = (tone: Tone, word: string, icon = toneIcons[tone]): Chip => ({ tone, icon, word })
  switch (facts.state) {
    case 'submitting':
      return chip('move', 'Submitting')
    case 'queued':
      if (facts.waiting.hold === 'paused') return chip('idle', 'Paused', 'pause')
      return chip('wait', facts.waiting.hold === 'held' ? 'Held' : 'Waiting')
    case 'starting':
      return facts.paused ? chip('idle', 'Paused', 'pause') : chip('move', 'Starting')
    case 'ready':
      if (facts.paused) return chip('idle', 'Paused', 'pause')
      return facts.reachable ? chip('ok', 'Ready') : chip('wait', 'Not answering')
    case 'stopping':
      return chip('move', 'Stopping')
    case 'ended': {
      const icon = facts.outcome.code === 'walltime' ? 'hourglass' : undefined
      return chip(ending?.tone ?? 'idle', ending?.title ?? 'Ended', icon)
    }
  }
}

type Words = Pick<SessionView, 'sentence' | 'detail' | 'cause' | 'next' | 'raw'>

const leaving = 'You can close this page: the session keeps its place.'

function wordsOf({ facts, spec, readyAt }: Session, times: TimeWords, say: Say, ending: OutcomeWords | null): Words {
  const app = spec.application.title
  const words = (sentence: string, detail: string, more: Partial<Words> = {}): Words => ({
    cause: null,
    next: null,
    raw: null,
    ...more,
    sentence,
    detail,
  })
  switch (facts.state) {
    case 'submitting':
      return words(`Asking ${spec.clusterTitle} for a place.`, `This takes a second or two. ${leaving}`)
    case 'queued': {
      const { sentence, cause, next, raw } = waitingWords(facts.waiting, spec, say)
      return words(sentence, leaving, { cause, next, raw })
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
      return words(`${app} is being stopped.`, 'It gets a moment to save and close.')
    case 'ended':
      return words(ending?.sentence ?? '', ending?.safe ?? '', {
        cause: ending?.cause ?? null,
        next: ending?.next ?? null,
      })
  }
}

function leftOf({ endsAt, spec }: Session, now: number): SessionView['left'] {
  if (endsAt === null) return null
  const seconds = Math.max(0, (endsAt - now) / 1000)
  const tone = seconds <= 300 ? 'bad' : seconds <= 900 ? 'warn' : ''
  const wall = spec.resources.wallSeconds
  return { text: hoursMinutes(seconds), of: `left of ${duration(wall)}`, share: wall > 0 ? seconds / wall : 0, tone }
}

function ranOf({ readyAt, endedAt, spec }: Session): string {
  if (readyAt === null || endedAt === null) return 'Did not run'
  return `${duration((endedAt - readyAt) / 1000)} of ${duration(spec.resources.wallSeconds)}`
}

function factsOf(session: Session, times: TimeWords, trace: Trace): SessionView['facts'] {
  const { spec, facts, serverName, account, userName } = session
  const time = (at: number | null) => (at === null ? null : `${times.clockSeconds(at)} ${times.zone(at)}`)
  const rows: readonly (readonly [string, string | null])[] = [
    ['Profile', spec.profile.title],
    ['Server', serverName === '' ? null : serverName],
    ['Size', sizeWords(spec.resources)],
    ['Time', duration(spec.resources.wallSeconds)],
    ['Cluster', spec.clusterTitle],
    ['Account', account === userName ? null : account],
    ['Job', jobOf(session, trace)],
    ['Node', nodeOf(session, trace)],
    ['Asked', time(session.createdAt)],
    ['Ready', time(session.readyAt)],
    ['Last used', facts.state === 'ready' ? time(session.lastActivityAt) : null],
  ]
  return rows.flatMap(([term, text]) => (text === null ? [] : [{ term, text }]))
}

function recordOf(session: Session, outcome: Extract<Session['facts'], { state: 'ended' }>['outcome']) {
  const { accounting } = outcome
  const lines: readonly (readonly [string, unknown])[] = [
    ['session', session.id],
    ['outcome', outcome.code],
    ['exit code', outcome.exitCode],
    ['signal', outcome.signal],
    ['by', outcome.by],
    ['accounting', accounting?.words ?? accounting?.kind],
    ['host', accounting?.host],
    ['peak memory', accounting?.maxMemoryMiB === undefined ? null : memory(accounting.maxMemoryMiB)],
    ['attempts', session.attempt],
  ]
  const known = lines.filter(([, value]) => value !== null && value !== undefined)
  return {
    code: `session.${outcome.code}`,
    words: outcome.words,
    record: known.map(([key, value]) => `${key}: ${String(value)}`).join('\n'),
  }
}

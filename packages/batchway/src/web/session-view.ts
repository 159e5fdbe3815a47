import { outcomeWords, placeOf, type Say } from '../sessions/outcomes.ts'
import type { Session } from '../sessions/session.ts'
import { isEnding, type SchedulerWord } from '../sessions/sessions.ts'
import { type Evidence, evidenceOf, type LogView, logView, ownWords, type Tips, tipsOf } from './ended-view.ts'
import { duration, hoursMinutes, memory, type TimeWords } from './format.ts'
import type { HubPaths } from './hub-paths.ts'
import { type Notice, noticesOf } from './notices.ts'
import { type Chip, chipOf, sizeWords, type Words, wordsOf } from './session-words.ts'
import { jobOf, nodeOf, noTrace, type Stage, stageTimeline, type Trace } from './stage-timeline.ts'

/** Everything a template may say of one session: words and numbers, decided here; templates only place them. */
export interface SessionView extends Words {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly application: string
  readonly state: Session['facts']['state']
  readonly chip: Chip
  readonly meta: string
  readonly size: string
  readonly job: string | null
  readonly node: string | null
  readonly isActive: boolean
  readonly isReady: boolean
  /** A route is there: it can be opened. */
  readonly isOpenable: boolean
  /** The scheduler has suspended it: its address does not answer before it goes on. */
  readonly isPaused: boolean
  /** The scheduler says that its job is over. */
  readonly isEnding: boolean
  readonly left: { readonly text: string; readonly of: string; readonly share: number; readonly tone: string } | null
  readonly endsAt: number | null
  readonly notices: readonly Notice[]
  readonly askedAt: number
  readonly endedAt: number | null
  readonly endedDay: string
  readonly ran: string
  readonly stages: readonly Stage[]
  readonly facts: readonly { readonly term: string; readonly text: string }[]
  /** Only of a session that has ended. */
  readonly outcome: {
    readonly code: string
    readonly words: string | null
    readonly evidence: readonly Evidence[]
    readonly tips: Tips | null
    readonly log: LogView
    readonly logPlace: string | null
  } | null
  readonly urls: {
    readonly page: string
    readonly open: string
    readonly stop: string
    readonly again: string
    readonly edit: string
    readonly details: string
  }
}

/** Pure: a session as the pages show it at the moment `now`. */
export function sessionView(
  session: Session,
  now: number,
  times: TimeWords,
  paths: HubPaths,
  trace: Trace = noTrace,
  word: SchedulerWord | null = null,
  /** What its owner calls the server. */
  serverTitle: string = session.serverName,
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
  const present = { isEnding: isEnding(session, word) }
  const app = spec.application.title
  const where = placeOf(spec) === spec.clusterTitle ? '' : `, partition ${placeOf(spec)}`
  return {
    id: session.id,
    version: session.version,
    title: serverName === '' ? spec.profile.title : `${spec.profile.title}: ${serverTitle}`,
    application: app,
    state: facts.state,
    chip: chipOf(session, ending, trace, present),
    meta: `${app} on ${spec.clusterTitle}${where}${node ? `, node ${node}` : ''}`,
    ...wordsOf(session, times, say, ending, trace, present),
    size: sizeWords(spec.resources),
    job: jobOf(session, trace),
    node,
    isActive: facts.state !== 'ended',
    isReady: facts.state === 'ready',
    isOpenable: facts.state === 'ready' && facts.reachable,
    isPaused: facts.state === 'ready' && facts.paused,
    ...present,
    left: facts.state === 'ready' ? leftOf(session, now) : null,
    endsAt: session.endsAt,
    notices: noticesOf(session, now, times),
    askedAt: session.createdAt,
    endedAt: session.endedAt,
    endedDay: session.endedAt === null ? '' : times.day(session.endedAt, now),
    ran: ranOf(session),
    stages: stageTimeline(session, now, ending, trace),
    facts: factsOf(session, times, trace),
    outcome:
      facts.state === 'ended' && ending !== null
        ? {
            code: `session.${facts.outcome.code}`,
            words: ownWords(facts.outcome, ending.tone),
            evidence: evidenceOf(facts.outcome, spec.clusterTitle),
            tips: tipsOf(facts.outcome.code),
            log: logView(facts.outcome.log, ending.tone),
            logPlace: facts.outcome.logPlace,
          }
        : null,
    urls: {
      page: paths.session(session.id),
      open: paths.server(userName, serverName) + spec.application.openPath.replace(/^\/+/, ''),
      stop: `${paths.session(session.id)}/stop`,
      again: `${paths.session(session.id)}/relaunch`,
      edit: `${paths.spawn(userName, serverName)}?again=${encodeURIComponent(session.id)}`,
      details: `${paths.session(session.id)}/details.json`,
    },
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

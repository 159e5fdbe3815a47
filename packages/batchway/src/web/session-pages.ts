import { BatchwayError } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import type { User } from '../people/people.ts'
import type { Session } from '../sessions/session.ts'
import { took } from './format.ts'
import { endedMeters, startWaterfall } from './session-figures.ts'
import { type SessionView, sessionView } from './session-view.ts'
import { traceOf } from './stage-timeline.ts'
import { userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** The page of one session in all its states, the waiting page that opens the application, and stopping. */
export function mountSessionPages(app: WebApp, room: WebRoom): void {
  const { paths, sessions } = room

  app.get(`${paths.hub}sessions/:id`, async (c) => {
    return showSession(c, room, await ownSession(room, userOf(c), c.req.param('id')))
  })

  app.post(`${paths.hub}sessions/:id/stop`, async (c) => {
    const user = userOf(c)
    const session = await ownSession(room, user, c.req.param('id'))
    await sessions.stop(session.id, user.name)
    return c.redirect(paths.session(session.id), 303)
  })

  const pending = async (c: WebContext, userName: string, serverName: string) => {
    const user = userOf(c)
    if (userName !== user.name) throw new BatchwayError('not_found', 'There is nothing here, or it is not yours.')
    const next = validateNext(c.req.query('next'), paths.base, room.settings.origins)
    const session = await sessions.findLatest(user.id, serverName)
    const query = next === null ? '' : `?next=${encodeURIComponent(next)}`
    if (session === null) return leave(c, paths.spawn(userName, serverName) + query)
    if (session.facts.state === 'ended') return leave(c, paths.session(session.id))
    if (session.facts.state === 'ready' && session.facts.reachable)
      return leave(c, next ?? view(room, session).urls.open)
    return showSession(c, room, session, true)
  }
  app.get(`${paths.hub}spawn-pending/:user`, (c) => pending(c, c.req.param('user'), ''))
  app.get(`${paths.hub}spawn-pending/:user/:server`, (c) => pending(c, c.req.param('user'), c.req.param('server')))
}

/** A session of this very user. @throws {BatchwayError} `session_not_found` for anyone else, as if it did not exist. */
export async function ownSession({ sessions }: WebRoom, user: User, id: string): Promise<Session> {
  const session = await sessions.find(id)
  if (session === null || session.userId !== user.id)
    throw new BatchwayError('session_not_found', 'There is no such session, or it is not yours.')
  return session
}

const view = ({ now, times, paths }: WebRoom, session: Session) => sessionView(session, now(), times, paths)

/** Our script cannot see where a redirect leads, so it is told and goes there itself. */
function leave(c: WebContext, url: string): Response {
  if (!c.get('visit').isFragment) return c.redirect(url, 303)
  c.header('HX-Redirect', url)
  return c.body(null, 204)
}

async function showSession(c: WebContext, room: WebRoom, session: Session, opens = false): Promise<Response> {
  const { spec, facts } = session
  const isOver = facts.state === 'ended' || facts.state === 'stopping'
  // Facts that are over are in the history: which job it was, and on which node.
  const trace = isOver ? traceOf(await room.sessions.listEvents(session.id)) : undefined
  const shown = sessionView(session, room.now(), room.times, room.paths, trace)
  const health = room.sessions.clusterHealth(spec.cluster)
  const isEnded = facts.state === 'ended'
  const template = isEnded ? 'ended' : facts.state === 'ready' ? 'session' : 'waiting'
  return room.pages.show(c, {
    template,
    title: `${titleLead(shown)}: ${shown.title}`,
    nav: isEnded ? 'history' : 'home',
    icon: shown.chip.tone,
    kind: `${template} ${session.id}${facts.state === 'ready' && !facts.reachable ? ' silent' : ''}`,
    live: isEnded ? null : session.id,
    statusWords: `${shown.title}: ${shown.chip.word}. ${shown.sentence}`,
    foot: footOf(room, spec.clusterTitle, health),
    data: {
      session: shown,
      opens,
      cluster: spec.clusterTitle,
      asked_at: health.lastAnswerAt,
      silence: isEnded ? null : silenceOf(room, spec.clusterTitle, health.failingSince),
      fall: facts.state === 'ready' ? startWaterfall(session) : null,
      meters: isEnded ? endedMeters(session) : [],
      edit_first: isEnded && editFirst.has(facts.outcome.code),
    },
  })
}

/** Where the same request would end the same way. */
const editFirst: ReadonlySet<string> = new Set([
  'out-of-memory',
  'rejected',
  'can-never-run',
  'walltime',
  'queue-limit',
])

const titleLead = (shown: SessionView) =>
  shown.left === null ? shown.chip.word : `${shown.chip.word}, ${shown.left.text} left`

type Health = ReturnType<WebRoom['sessions']['clusterHealth']>

function footOf({ times }: WebRoom, cluster: string, { lastAnswerAt, failingSince }: Health): string | null {
  if (lastAnswerAt === null) return null
  const state = failingSince === null ? 'answers' : 'does not answer'
  return `Cluster ${cluster} ${state}, last answer ${times.clockSeconds(lastAnswerAt)}`
}

/** Silence ends nobody's session: say since when, and that nothing is concluded from it. */
function silenceOf({ times, now }: WebRoom, cluster: string, since: number | null): string | null {
  if (since === null) return null
  return `${cluster} has not answered since ${times.clock(since)} (${took(now() - since)}). The session keeps its last known state.`
}

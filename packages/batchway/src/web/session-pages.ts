import { BatchwayError } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import type { User } from '../people/people.ts'
import { coversScopeText } from '../people/scopes.ts'
import type { Session } from '../sessions/session.ts'
import { ageOf, type ClusterHealth, silenceOf, unseenOf } from './cluster-silence.ts'
import { record } from './record.ts'
import { adviseRelaunch } from './relaunch-advice.ts'
import { endedMeters, startWaterfall, usageMeters } from './session-figures.ts'
import { type SessionView, sessionView } from './session-view.ts'
import { type Trace, traceOf } from './stage-timeline.ts'
import { sessionRecord, supportText } from './support-record.ts'
import { userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** The page of one session in all its states, the waiting page that opens the application, and stopping. */
export function mountSessionPages(app: WebApp, room: WebRoom): void {
  const { paths, sessions } = room

  app.get(`${paths.hub}sessions/:id`, async (c) => {
    return showSession(c, room, await sessionFor(c, room, 'read:servers', c.req.param('id')))
  })

  app.get(`${paths.hub}sessions/:id/details.json`, async (c) => {
    const session = await sessionFor(c, room, 'read:servers', c.req.param('id'))
    const events = await sessions.listEvents(session.id)
    const shown = await view(room, session, traceOf(events))
    const record = sessionRecord(session, events, shown, { at: room.now(), version: room.settings.versions.batchway })
    const name = `session-${session.id.replace(/[^\w-]/g, '_')}.json`
    return c.body(`${JSON.stringify(record, null, 2)}\n`, 200, {
      'Content-Type': 'application/json',
      'Content-Disposition': `attachment; filename="${name}"`,
    })
  })

  app.post(`${paths.hub}sessions/:id/stop`, async (c) => {
    const session = await sessionFor(c, room, 'delete:servers', c.req.param('id'))
    await sessions.stop(session.id, userOf(c).name)
    await record(c, room, {
      action: 'session-stop',
      object: `${session.userName}/${session.serverName}`,
      detail: `session ${session.id}`,
    })
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
      return leave(c, next ?? (await view(room, session)).urls.open)
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

/** The same for its owner and for whoever holds this scope on it: administrators, and those whom a role gives it. */
async function sessionFor(c: WebContext, room: WebRoom, scope: string, id: string): Promise<Session> {
  const session = await room.sessions.find(id)
  if (session === null || session.userId === userOf(c).id || !(await holds(c, room, scope, session)))
    return ownSession(room, userOf(c), id)
  return session
}

async function holds(c: WebContext, room: WebRoom, scope: string, session: Session): Promise<boolean> {
  if (session.userId === userOf(c).id) return true
  const groups = (await room.people.findUserById(session.userId))?.groups ?? []
  return coversScopeText(
    c.get('visit').scopes,
    `${scope}!server=${session.userName}/${session.serverName}`,
    () => groups,
  )
}

async function view(room: WebRoom, session: Session, trace?: Trace): Promise<SessionView> {
  const { now, times, paths, sessions, servers } = room
  const named = session.serverName === '' ? [] : await servers.listOf(session.userId)
  const title = named.find(({ name }) => name === session.serverName)?.displayName
  return sessionView(session, now(), times, paths, trace, sessions.lastWord(session.id), title)
}

/** Our script cannot see where a redirect leads, so it is told and goes there itself. */
function leave(c: WebContext, url: string): Response {
  if (!c.get('visit').isFragment) return c.redirect(url, 303)
  const { pathname, search } = new URL(c.req.url)
  // Our script goes to paths of ours alone. To another host leads this very page, asked for as a page.
  c.header('HX-Redirect', url.startsWith('/') ? url : pathname + search)
  return c.body(null, 204)
}

async function showSession(c: WebContext, room: WebRoom, session: Session, opens = false): Promise<Response> {
  const { spec, facts } = session
  const { times, now, settings } = room
  // Facts that are over are in the history: which job it was, on which node, and whether it had one before.
  const needsPast = facts.state === 'ended' || facts.state === 'stopping' || facts.state === 'queued'
  const trace = traceOf(needsPast ? await room.sessions.listEvents(session.id) : [])
  const own = await view(room, session, trace)
  const isOwn = session.userId === userOf(c).id
  // Somebody else's: it says whose, and offers what this visitor may do alone.
  const shown = {
    ...own,
    facts: isOwn ? own.facts : [{ term: 'User', text: session.userName }, ...own.facts],
    isOwn,
    mayStop: await holds(c, room, 'delete:servers', session),
    mayOpen: own.isOpenable && (await holds(c, room, 'access:servers', session)),
  }
  const word = room.sessions.lastWord(session.id)
  const health = room.sessions.clusterHealth(spec.cluster)
  const isEnded = facts.state === 'ended'
  const usage = facts.state === 'ready' ? room.sessions.usageOf(session.id) : undefined
  const template = isEnded ? 'ended' : facts.state === 'ready' ? 'session' : 'waiting'
  return room.pages.show(c, {
    template,
    title: `${titleLead(shown)}: ${shown.title}`,
    nav: isEnded ? 'history' : 'home',
    icon: shown.chip.tone,
    kind: `${template} ${session.id}${facts.state === 'ready' && !facts.reachable ? ' silent' : ''}`,
    // The stream of events is each visitor's own.
    live: isEnded || !isOwn ? null : session.id,
    statusWords: `${shown.title}: ${shown.chip.word}. ${shown.sentence}`,
    foot: footOf(room, spec.clusterTitle, health),
    data: {
      session: shown,
      opens,
      cluster: spec.clusterTitle,
      asked_at: word?.askedAt ?? null,
      age: ageOf(session, health, word, times, now()),
      silence: isEnded
        ? null
        : (silenceOf(health, spec.clusterTitle, 'The session is', times, now()) ??
          unseenOf(session, health, word, times, now())),
      fall: facts.state === 'ready' ? startWaterfall(session) : null,
      meters: isEnded ? endedMeters(session) : usage === undefined ? [] : usageMeters(session, usage),
      measured_at: usage?.at ?? null,
      connections: usage?.connections ?? 0,
      edit_first: isEnded && editFirst.has(facts.outcome.code),
      advice: isOwn ? await adviseRelaunch(room.launcher, userOf(c), session) : null,
      support_text: isEnded
        ? supportText(session, shown, times, fullUrl(settings.publicUrl, shown.urls.page), trace)
        : '',
    },
  })
}

const fullUrl = (publicUrl: string, path: string): string => new URL(path, publicUrl).href

/** Where the same request would end the same way. */
const editFirst: ReadonlySet<string> = new Set([
  'out-of-memory',
  'rejected',
  'can-never-run',
  'application-not-found',
  'walltime',
  'queue-limit',
])

const titleLead = (shown: SessionView) =>
  shown.left === null ? shown.chip.word : `${shown.chip.word}, ${shown.left.text} left`

function footOf({ times }: WebRoom, cluster: string, { lastAnswerAt, failingSince }: ClusterHealth): string | null {
  if (lastAnswerAt === null) return null
  const state = failingSince === null ? 'answers' : 'does not answer'
  return `Cluster ${cluster} ${state}, last answer ${times.clockSeconds(lastAnswerAt)}`
}

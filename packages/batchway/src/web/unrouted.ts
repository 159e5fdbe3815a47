import { BatchwayError, toProblem } from '../core/errors.ts'
import { coversScopeText } from '../people/scopes.ts'
import type { Session } from '../sessions/session.ts'
import { showErrorWords, showProblem, wantsJson } from './error-pages.ts'
import { userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** After this many rounds through the proxy the route is not coming. */
const maxRounds = 4

/**
 * Requests for applications that the proxy has no route for. They arrive at `{base}user/…`, where the browser does not send the
 * hub's cookies, and are sent on to `{hub}user/…`, where it does. Mounted before the visitor is looked at.
 */
export function mountApplicationPaths(app: WebApp, room: WebRoom): void {
  const { paths } = room
  app.all(`${paths.base}user/*`, (c) => {
    const { pathname, search } = new URL(c.req.url)
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return notRunning(c, room, null)
    return c.redirect(paths.hub + pathname.slice(paths.base.length) + search, 302)
  })
}

/** The same requests where the hub knows the visitor. */
export function mountUnrouted(app: WebApp, room: WebRoom): void {
  const { paths } = room

  app.all(`${paths.hub}user/*`, async (c) => {
    const { pathname } = new URL(c.req.url)
    const [userName = '', second, ...rest] = pathname.slice(`${paths.hub}user/`.length).split('/').map(decode)
    const session = await findServer(c, room, userName, rest.length > 0 ? (second ?? '') : '')
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return notRunning(c, room, null)
    if (session === null) return notRunning(c, room, { userName, serverName: '' })
    const { serverName, facts } = session
    if (facts.state === 'ready' && facts.reachable) return sendBack(c, room, session)
    if (wantsJson(c) || facts.state === 'ended' || facts.state === 'stopping')
      return notRunning(c, room, { userName, serverName })
    return c.redirect(`${paths.pending(userName, serverName)}?next=${encodeURIComponent(addressOf(c, room))}`, 303)
  })

  app.get(`${paths.hub}user-redirect/*`, (c) => {
    const { pathname, search } = new URL(c.req.url)
    const { name } = userOf(c)
    const rest = pathname.slice(`${paths.hub}user-redirect/`.length)
    return c.redirect(
      `${paths.spawn(name, '')}?next=${encodeURIComponent(paths.serverPath(name, '') + rest + search)}`,
      302,
    )
  })
}

/**
 * The server that the address means: `user/U/S/…` if U has a server S, else U's main one.
 * @throws {BatchwayError} `not_found` for whoever may not go there, as if there were nothing.
 */
async function findServer(c: WebContext, room: WebRoom, userName: string, second: string): Promise<Session | null> {
  const { user, scopes } = c.get('visit')
  const hidden = () => new BatchwayError('not_found', 'There is nothing here, or it is not yours.')
  const owner = user?.name === userName ? user : await room.people.findUser(userName)
  if (owner === null) throw hidden()
  const may = (server: string) =>
    user?.name === userName ||
    coversScopeText(scopes, `access:servers!server=${userName}/${server}`, () => owner.groups)
  if (!(may('') || may(second))) throw hidden()
  const named = second === '' ? null : await room.sessions.findLatest(owner.id, second)
  const session = named ?? (await room.sessions.findLatest(owner.id, ''))
  if (session !== null && !may(session.serverName)) throw hidden()
  return session
}

/** Ready, yet the proxy sent it here: make sure of the route, go back, and stop going round at some point. */
async function sendBack(c: WebContext, room: WebRoom, session: Session): Promise<Response> {
  const rounds = Number(/^\d{1,3}$/.exec(c.req.query('redirects') ?? '')?.[0] ?? 0)
  if (rounds >= maxRounds) {
    return showErrorWords(c, room, {
      status: 500,
      code: 'batchway.redirect_loop',
      title: 'No way to the application',
      sentence: 'The session is ready, but this page cannot reach it.',
      detail: 'The proxy has no route to it although it was told several times.',
      next: 'Wait a minute and open it again from its page. If that does not help, tell your support.',
      tone: 'bad',
      action: { url: room.paths.session(session.id), label: 'Go to the session' },
    })
  }
  await room.ensureRoute(session.id)
  if (rounds > 0) await room.sleep(Math.min(2 ** rounds, 10) * 1000)
  const url = new URL(addressOf(c, room), 'http://here.invalid')
  url.searchParams.set('redirects', String(rounds + 1))
  const host = room.settings.places.originOf(session.userName, session.serverName)
  return c.redirect(host + url.pathname + url.search, 302)
}

/** The application's own address of this request. */
function addressOf(c: WebContext, { paths }: WebRoom): string {
  const { pathname, search } = new URL(c.req.url)
  return paths.base + pathname.slice(paths.hub.length) + search
}

/** 424, as JupyterHub answers: JupyterLab's own requests see it and offer to start the server again. */
function notRunning(
  c: WebContext,
  room: WebRoom,
  server: { readonly userName: string; readonly serverName: string } | null,
): Promise<Response> | Response {
  const form = server === null ? null : room.paths.spawn(server.userName, server.serverName)
  if (server === null || wantsJson(c)) {
    const error = new BatchwayError(
      'not_running',
      form === null ? 'The server is not running.' : `The server is not running. Start it at ${form}`,
    )
    return showProblem(c, room, 424, toProblem(error, c.get('visit').requestId))
  }
  const isOwn = c.get('visit').user?.name === server.userName
  const next = `?next=${encodeURIComponent(addressOf(c, room))}`
  return showErrorWords(c, room, {
    status: 424,
    code: 'batchway.not_running',
    title: 'Not running',
    sentence: 'There is no session at this address at the moment.',
    detail: 'It ended, or it was never started.',
    next: isOwn ? 'Start one; you come back to this address when it is ready.' : 'Ask its owner to start it.',
    tone: 'idle',
    action: isOwn ? { url: `${form}${next}`, label: 'Launch a session' } : null,
  })
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new BatchwayError('not_found', 'There is nothing here, or it is not yours.')
  }
}

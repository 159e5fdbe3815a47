import { BatchwayError } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import type { User } from '../people/people.ts'
import { type Given, InvalidChoices } from '../profiles/launch-model.ts'
import { type LaunchPage, showLaunch } from './launch-page.ts'
import { record } from './record.ts'
import { suggestedFields } from './relaunch-advice.ts'
import { chooseServer } from './server-name.ts'
import { ownSession } from './session-pages.ts'
import { formOf, userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** Where the form was opened: for a server named in the address, or for one that the user names in the form. */
interface Target {
  readonly serverName: string | null
}

/** The launch form and starting. A GET only ever shows the form: a link may fill it in, the button starts. */
export function mountLaunch(app: WebApp, room: WebRoom): void {
  const { paths } = room
  const spawn = `${paths.hub}spawn`

  const target = (c: WebContext, userName: string, serverName: string): Target => {
    if (userName !== userOf(c).name) throw new BatchwayError('not_found', 'There is nothing here, or it is not yours.')
    return { serverName }
  }
  app.get(spawn, (c) => show(c, room, { serverName: null }))
  app.get(`${spawn}/:user`, (c) => show(c, room, target(c, c.req.param('user'), '')))
  app.get(`${spawn}/:user/:server`, (c) => show(c, room, target(c, c.req.param('user'), c.req.param('server'))))
  app.post(spawn, (c) => submit(c, room, { serverName: null }))
  app.post(`${spawn}/:user`, (c) => submit(c, room, target(c, c.req.param('user'), '')))
  app.post(`${spawn}/:user/:server`, (c) => submit(c, room, target(c, c.req.param('user'), c.req.param('server'))))

  app.post(`${paths.hub}sessions/:id/relaunch`, async (c) => {
    const user = userOf(c)
    const session = await ownSession(room, user, c.req.param('id'))
    const recalled = await room.launcher.recall(user, session.spec)
    const given = recalled && { ...recalled, fields: { ...recalled.fields, ...suggested(recalled, await formOf(c)) } }
    const page: LaunchPage = { given, serverName: session.serverName, asksName: false, next: null }
    if (given === null) {
      const title = 'This profile is not offered any more. Choose another one.'
      return showLaunch(c, room, { ...page, problem: title, status: 422 })
    }
    return start(c, room, user, given, page)
  })
}

/** The form again, as it was sent: nothing was started. `server` is what its address ends in, null for none. */
export async function showSent(
  c: WebContext,
  room: WebRoom,
  server: string | null,
  problem: string,
): Promise<Response> {
  const { profile = '', _server: typedName = '', _xsrf, _shown, _action, ...fields } = await formOf(c)
  const page = { serverName: server ?? '', typedName, asksName: server === null, next: nextOf(c, room) }
  return showLaunch(c, room, { ...page, given: { profile, fields }, problem, status: 403 })
}

/** What the button's own suggestion changes: only fields that this profile offers, and the profile checks the values. */
const suggested = (recalled: Given, form: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form).filter(([name]) => suggestedFields.includes(name) && Object.hasOwn(recalled.fields, name)),
  )

async function show(c: WebContext, room: WebRoom, { serverName }: Target): Promise<Response> {
  const { paths, sessions, launcher } = room
  const user = userOf(c)
  const next = nextOf(c, room)
  if (serverName !== null || next !== null) {
    const active = await sessions.findActive(user.id, serverName ?? '')
    if (active !== null) {
      const query = next === null ? '' : `?next=${encodeURIComponent(next)}`
      return c.redirect(paths.pending(user.name, serverName ?? '') + query, 302)
    }
  }
  const asksName = serverName === null
  const { again, profile, next: _next, _xsrf, _server: typedName, ...fields } = c.req.query()
  if (again !== undefined) {
    const session = await ownSession(room, user, again)
    const given = await launcher.recall(user, session.spec)
    return showLaunch(c, room, { given, serverName: serverName ?? session.serverName, asksName, next })
  }
  const given = profile === undefined ? await lastChoice(room, user, serverName) : { profile, fields }
  const typed = asksName && typedName !== undefined ? { typedName } : {}
  return showLaunch(c, room, { given, serverName: serverName ?? '', asksName, next, ...typed })
}

/** A named server starts as it was started last; else, as this person started anything last. */
async function lastChoice(
  { sessions, launcher }: WebRoom,
  user: User,
  serverName: string | null,
): Promise<Given | null> {
  const latest = serverName === null || serverName === '' ? null : await sessions.findLatest(user.id, serverName)
  return (latest && (await launcher.recall(user, latest.spec))) ?? user.preferences.lastChoice
}

async function submit(c: WebContext, room: WebRoom, { serverName }: Target): Promise<Response> {
  const user = userOf(c)
  const { _xsrf, _shown, _action, _server, profile = '', ...fields } = await formOf(c)
  const typedName = _server ?? ''
  const chosen = serverName === null ? await chooseServer(room, user, typedName) : null
  const page: LaunchPage = {
    given: { profile, fields },
    serverName: serverName ?? chosen?.name ?? '',
    displayName: chosen?.displayName ?? null,
    typedName,
    asksName: serverName === null,
    next: nextOf(c, room),
  }
  // The fields on the page belong to the profile that was shown: another one shows its own before anything starts.
  if (_shown !== undefined && _shown !== profile) {
    const hint =
      _action === 'start' ? 'These are the options of the profile you chose. Look at them, then start.' : null
    return showLaunch(c, room, { ...page, given: { profile, fields: {} }, hint })
  }
  if (_action === 'show') return showLaunch(c, room, page)
  const serverError = chosen?.error ?? null
  if (_action === 'check') return check(c, room, user, { ...page, serverError })
  if (serverError !== null) return showLaunch(c, room, { ...page, serverError, status: 422 })
  return start(c, room, user, { profile, fields }, page)
}

async function check(c: WebContext, room: WebRoom, user: User, page: LaunchPage): Promise<Response> {
  try {
    const spec = await room.launcher.choose(user, page.given ?? { profile: '', fields: {} })
    room.drains.check(spec.cluster)
    const preview = await room.previewJob(user, spec).catch((error: unknown) => {
      room.log.warn({ user: user.name, error: String(error) }, 'what would be submitted cannot be shown')
      return null
    })
    return await showLaunch(c, room, {
      ...page,
      preview,
      hint: page.serverError ? null : 'All values fit. Nothing was started.',
    })
  } catch (error) {
    if (error instanceof InvalidChoices) return showLaunch(c, room, { ...page, errors: error.errors })
    if (error instanceof BatchwayError && error.code === 'draining')
      return showLaunch(c, room, { ...page, problem: error.message })
    throw error
  }
}

async function start(c: WebContext, room: WebRoom, user: User, given: Given, page: LaunchPage): Promise<Response> {
  const { paths, people, sessions, servers, launcher } = room
  const query = page.next === null ? '' : `?next=${encodeURIComponent(page.next)}`
  const pending = paths.pending(user.name, page.serverName) + query
  try {
    const spec = await launcher.choose(user, given)
    // Before anything is made for it; the session room asks once more.
    room.drains.check(spec.cluster)
    await people.savePreferences(user.id, { lastChoice: given })
    await servers.ensure(user, page.serverName, page.displayName)
    const session = await sessions.start(user, page.serverName, spec)
    await record(c, room, {
      action: 'session-start',
      object: `${user.name}/${page.serverName}`,
      detail: `session ${session.id}, profile ${spec.profile.key}`,
    })
    return c.redirect(pending, 303)
  } catch (error) {
    if (error instanceof InvalidChoices) return showLaunch(c, room, { ...page, errors: error.errors, status: 422 })
    if (!(error instanceof BatchwayError)) throw error
    await record(c, room, {
      action: 'session-start',
      object: `${user.name}/${page.serverName}`,
      outcome: 'refused',
      detail: error.code,
    })
    // A double click, or a second tab: the session that is there is what was wanted.
    if (error.code === 'session_busy') return c.redirect(pending, 303)
    return showLaunch(c, room, { ...page, problem: error.message, status: error.status })
  }
}

const nextOf = (c: WebContext, { paths, settings }: WebRoom) =>
  validateNext(c.req.query('next'), paths.base, settings.origins)

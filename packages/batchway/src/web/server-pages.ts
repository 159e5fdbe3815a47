import { BatchwayError } from '../core/errors.ts'
import type { User } from '../people/people.ts'
import { displayNameProblem, type NamedServer } from '../sessions/named-servers.ts'
import { record } from './record.ts'
import { type ServerView, serverView } from './server-view.ts'
import { sessionView } from './session-view.ts'
import { formOf, userOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** The page of one named server: where it is, what it is called, and deleting it. */
export function mountServerPages(app: WebApp, room: WebRoom): void {
  const { paths, servers, sessions } = room
  const path = `${paths.hub}servers/:server`

  app.get(path, async (c) => show(c, room, await ownServer(c, room)))

  app.post(`${path}/rename`, async (c) => {
    const user = userOf(c)
    const server = await ownServer(c, room)
    const title = ((await formOf(c)).title ?? '').trim()
    const problem = displayNameProblem(title)
    if (problem !== null) return show(c, room, server, { title, problem })
    await servers.rename(user.id, server.name, title)
    await record(c, room, { action: 'server-renamed', object: `${user.name}/${server.name}` })
    return c.redirect(paths.namedServer(server.name), 303)
  })

  app.post(`${path}/delete`, async (c) => {
    const user = userOf(c)
    const { name } = await ownServer(c, room)
    const object = `${user.name}/${name}`
    const active = await sessions.findActive(user.id, name)
    if (active !== null && active.facts.state !== 'stopping') {
      await sessions.stop(active.id, user.name)
      await record(c, room, { action: 'session-stop', object, detail: `session ${active.id}` })
    }
    await servers.remove(user.id, name)
    await record(c, room, { action: 'server-removed', object })
    return c.redirect(`${paths.home}#servers`, 303)
  })
}

/** @throws {BatchwayError} `not_found` for a name that no server of this person has. */
async function ownServer(c: WebContext, { servers }: WebRoom): Promise<NamedServer> {
  const name = c.req.param('server')
  const own = (await servers.listOf(userOf(c).id)).find((server) => server.name === name)
  if (own === undefined) throw new BatchwayError('not_found', 'You have no server of this name.')
  return own
}

interface RenameTry {
  readonly title: string
  readonly problem: string
}

async function show(c: WebContext, room: WebRoom, server: NamedServer, tried: RenameTry | null = null) {
  const shown = await viewOfServer(room, userOf(c), server)
  return room.pages.show(c, {
    template: 'server',
    title: shown.title,
    nav: 'home',
    icon: shown.isActive ? shown.chip.tone : 'plain',
    status: tried === null ? 200 : 422,
    kind: `server ${server.name} ${shown.chip.word}`,
    live: tried === null && shown.isActive ? (shown.session?.id ?? null) : null,
    statusWords: `${shown.title}: ${shown.chip.word}.`,
    data: {
      server: shown,
      full_url: new URL(room.paths.server(userOf(c).name, server.name), room.settings.publicUrl).href,
      new_title: tried?.title ?? shown.title,
      title_error: tried?.problem ?? null,
    },
  })
}

/** With its session that runs, or else its last one. */
export async function viewOfServer(room: WebRoom, { id, name }: User, server: NamedServer): Promise<ServerView> {
  const { sessions, paths, times, now } = room
  const latest = (await sessions.findActive(id, server.name)) ?? (await sessions.findLatest(id, server.name))
  const session = latest && sessionView(latest, now(), times, paths, undefined, sessions.lastWord(latest.id))
  return serverView(server, name, session, paths, times, now())
}

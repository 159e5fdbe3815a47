import type { Session } from '../sessions/session.ts'
import { silenceOf } from './cluster-silence.ts'
import { count } from './format.ts'
import { profileView } from './launch-page.ts'
import { viewOfServer } from './server-pages.ts'
import { type SessionView, sessionView } from './session-view.ts'
import { type Trace, traceOf } from './stage-timeline.ts'
import { userOf } from './visitor.ts'
import type { WebApp, WebRoom } from './web-room.ts'

const endedOnHome = 5
const endedOnPage = 25

/** Home and history: what runs, what waits, what ended. */
export function mountHome(app: WebApp, room: WebRoom): void {
  const { paths, sessions, pages } = room

  app.get(paths.home, async (c) => {
    const user = userOf(c)
    const [active, ended, endedCount, named] = await Promise.all([
      sessions.listActiveOf(user.id),
      sessions.listEndedOf(user.id, endedOnHome),
      sessions.countEndedOf(user.id),
      room.servers.listOf(user.id),
    ])
    const titles = new Map(named.map(({ name, displayName }) => [name, displayName]))
    const servers = await Promise.all(named.map((server) => viewOfServer(room, user, server)))
    const { isOn, limit } = room.servers.rules
    const views = (await Promise.all(active.map((session) => viewWithPast(room, session, titles)))).sort(
      (a, b) => Number(b.isReady) - Number(a.isReady) || b.askedAt - a.askedAt,
    )
    const profiles = views.length > 0 ? [] : await room.launcher.list(user)
    return pages.show(c, {
      template: 'home',
      title: 'Home',
      nav: 'home',
      // Cards and rows come and go: then the page as a whole is another one.
      kind: `home ${views.map(({ id }) => id).join(' ')} ${named.map(({ name }) => name).join(' ')}`,
      live: 'all',
      icon: views.some((s) => s.isOpenable) ? 'ok' : views.length > 0 ? 'wait' : 'plain',
      statusWords: views
        .map((s) => [`${s.title}: ${s.chip.word}.`, ...s.notices.map(({ lead, next }) => `${lead} ${next}`)].join(' '))
        .join(' '),
      data: {
        active: views,
        has_ended: ended.length > 0,
        has_profiles: profiles.length > 0,
        silences: silencesOf(room, active),
        ended: ended.map((s) => view(room, s, titles)),
        ended_count: endedCount,
        servers,
        has_servers: isOn || servers.length > 0,
        server_limit: limit,
        server_full: !isOn || (limit > 0 && servers.length >= limit),
        profiles: profiles.map((profile) => profileView(profile, paths)),
        summary: summaryOf(views),
      },
    })
  })

  app.get(paths.history, async (c) => {
    const user = userOf(c)
    const text = c.req.query('before')
    const before = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
    const [ended, all, named] = await Promise.all([
      sessions.listEndedOf(user.id, endedOnPage + 1, before),
      sessions.countEndedOf(user.id),
      room.servers.listOf(user.id),
    ])
    const titles = new Map(named.map(({ name, displayName }) => [name, displayName]))
    const shown = ended.slice(0, endedOnPage)
    const last = shown.at(-1)?.endedAt
    return pages.show(c, {
      template: 'history',
      title: 'History',
      nav: 'history',
      data: {
        ended: shown.map((s) => view(room, s, titles)),
        summary: all === 0 ? '' : `${count(all, 'session', 'sessions')} ended`,
        is_later_page: before !== undefined,
        older_url: ended.length > endedOnPage && last ? `${paths.history}?before=${last}` : null,
      },
    })
  })
}

type Titles = ReadonlyMap<string, string>

const view = (room: WebRoom, session: Session, titles: Titles, trace?: Trace) =>
  sessionView(
    session,
    room.now(),
    room.times,
    room.paths,
    trace,
    room.sessions.lastWord(session.id),
    titles.get(session.serverName),
  )

/** Whether a waiting one had a node before, only the history tells; nobody has many of them. */
async function viewWithPast(room: WebRoom, session: Session, titles: Titles): Promise<SessionView> {
  if (session.facts.state !== 'queued') return view(room, session, titles)
  const trace = traceOf(await room.sessions.listEvents(session.id))
  return view(room, session, titles, trace)
}

/** One line for each cluster that is silent and has something of this user's. */
function silencesOf({ sessions, times, now }: WebRoom, active: readonly Session[]) {
  const clusters = new Map(active.map(({ spec }) => [spec.cluster, spec.clusterTitle]))
  return [...clusters].flatMap(([key, title]) => {
    const silence = silenceOf(sessions.clusterHealth(key), title, 'Its sessions are', times, now())
    return silence === null ? [] : [silence]
  })
}

function summaryOf(views: readonly SessionView[]): string {
  if (views.length === 0) return 'No session runs'
  const ready = views.filter((s) => s.isReady).length
  const others = views.length - ready
  const parts = [
    ready > 0 ? `${count(ready, 'session', 'sessions')} ready` : '',
    others > 0 ? `${others} on the way` : '',
  ]
  return parts.filter(Boolean).join(', ')
}

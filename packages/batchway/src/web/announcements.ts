import type { Announcement } from '../people/announcements.ts'
import type { TimeWords } from './format.ts'
import { userOf } from './visitor.ts'
import type { Visit, WebApp, WebDependencies, WebRoom } from './web-room.ts'

/** One sentence on top of a page. */
export interface Banner {
  readonly id: string
  readonly text: string
  /** `Until Tue 24 Nov, 12:00 CET`; null: until it is withdrawn. */
  readonly until: string | null
  /** Whom it is for, where that is not everybody. */
  readonly to: string | null
}

/** What a page shows of the announcements: together, since a script replaces all of them when one changes. */
export interface Banners {
  readonly items: readonly Banner[]
  /** Their ids: the event stream tells the same. */
  readonly version: string
}
export type BannersFor = (visit: Visit) => Promise<Banners>

export const noBanners: BannersFor = async () => ({ items: [], version: '' })

/** Those for this visitor: whoever has not signed in sees what is for everyone. */
export const bannersOf =
  ({ announcements, sessions }: Pick<WebDependencies, 'announcements' | 'sessions'>, times: TimeWords): BannersFor =>
  async ({ user }) => {
    // Most of the time nothing is announced, and nobody's sessions need to be looked at.
    if (announcements.list().length === 0) return { items: [], version: '' }
    const active = user === null ? [] : await sessions.listActiveOf(user.id)
    const titles = new Map(active.map(({ spec }) => [spec.cluster, spec.clusterTitle]))
    const shown = announcements.of(user && { name: user.name, clusters: new Set(titles.keys()) })
    return {
      items: shown.map((each) => bannerOf(each, titles, times)),
      version: shown.map(({ id }) => id).join(' '),
    }
  }

function bannerOf(
  { id, text, to, until }: Announcement,
  titles: ReadonlyMap<string, string>,
  times: TimeWords,
): Banner {
  const forWhom = { everyone: null, cluster: '', user: 'For you' } as const
  return {
    id,
    text,
    until: until === null ? null : `Until ${times.full(until)}`,
    to: to.kind === 'cluster' ? `For people on ${titles.get(to.cluster) ?? to.cluster}` : forWhom[to.kind],
  }
}

/** The announcements alone: what the script of an open page asks for when they change. */
export function mountAnnouncements(app: WebApp, room: WebRoom): void {
  app.get(room.paths.announcements, (c) => {
    userOf(c)
    return room.pages.show(c, { template: 'announcements', title: 'Announcements' })
  })
}

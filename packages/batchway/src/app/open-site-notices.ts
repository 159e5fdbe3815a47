import { type Announcements, openAnnouncements, readAnnouncements } from '../people/announcements.ts'
import type { PeopleService } from '../people/people.ts'
import { type Drains, openDrains, readDrains } from '../sessions/drains.ts'
import type { Stores } from '../store/stores.ts'

interface Parts {
  readonly stores: Pick<Stores, 'settings'>
  readonly clusters: ReadonlyMap<string, { readonly title: string }>
  readonly people: Pick<PeopleService, 'findUser'>
  readonly now: () => number
  readonly nonce: () => string
}

/** What administrators tell and stop for everybody, as it was when the hub last ran. */
export async function openSiteNotices({
  stores: { settings: store },
  clusters,
  people,
  now,
  nonce,
}: Parts): Promise<{ readonly announcements: Announcements; readonly drains: Drains }> {
  const titles = new Map([...clusters].map(([key, { title }]) => [key, title]))
  return {
    drains: openDrains({ store, before: await readDrains(store), clusters: titles, now }),
    announcements: openAnnouncements({
      store,
      before: await readAnnouncements(store),
      clusters: new Set(titles.keys()),
      isKnown: async (name) => (await people.findUser(name)) !== null,
      now,
      newId: () => nonce().slice(0, 12),
    }),
  }
}

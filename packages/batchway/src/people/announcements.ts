/** What administrators tell people on top of every page: everybody, whoever has a session on a cluster, or one person. */
import { z } from 'zod'
import { BatchwayError } from '../core/errors.ts'
import { oneAtATime } from '../core/one-at-a-time.ts'

export type Audience =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'cluster'; readonly cluster: string }
  | { readonly kind: 'user'; readonly user: string }

export interface Announcement {
  readonly id: string
  readonly text: string
  readonly to: Audience
  /** Login name of who announced it. */
  readonly by: string
  /** Unix milliseconds. */
  readonly at: number
  /** When it goes by itself; null: when it is withdrawn. */
  readonly until: number | null
}

/** Who reads: nobody yet, or somebody with sessions on these clusters. */
export interface Reader {
  readonly name: string
  readonly clusters: ReadonlySet<string>
}

export interface Announcements {
  /** Those in force, the newest first. */
  list(): readonly Announcement[]
  /** Those for this reader; null: somebody who has not signed in. */
  of(reader: Reader | null): readonly Announcement[]
  /** @throws {BatchwayError} `invalid_choice`, `not_found`, `limit_reached` */
  publish(given: Pick<Announcement, 'text' | 'to' | 'until'>, by: string): Promise<Announcement>
  /** @returns null if there is none of this id. */
  withdraw(id: string): Promise<Announcement | null>
}

/** What is kept under one key of the installation's small facts. */
export interface AnnouncementStore {
  find(key: string): Promise<string | null>
  save(key: string, value: string): Promise<void>
}

const settingKey = 'announcements'
const longestAnnouncement = 500
/** All are looked at for each page. */
const most = 50
const audience = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('everyone') }),
  z.object({ kind: z.literal('cluster'), cluster: z.string() }),
  z.object({ kind: z.literal('user'), user: z.string() }),
])
const kept = z.array(
  z.object({
    id: z.string(),
    text: z.string(),
    to: audience,
    by: z.string(),
    at: z.number(),
    until: z.number().nullable(),
  }),
)

/** What was kept. @throws {Error} for facts that this program did not write. */
export async function readAnnouncements({ find }: AnnouncementStore): Promise<readonly Announcement[]> {
  const found = await find(settingKey)
  return found === null ? [] : kept.parse(JSON.parse(found))
}

interface AnnouncementParts {
  readonly store: AnnouncementStore
  /** @see readAnnouncements */
  readonly before: readonly Announcement[]
  /** Keys. */
  readonly clusters: ReadonlySet<string>
  /** Whether somebody has this name. */
  isKnown(user: string): Promise<boolean>
  readonly now: () => number
  /** Letters and digits. */
  newId(): string
}

/** In words, for the list and the audit log. @param titleOf a cluster's title. */
export const audienceWords = (to: Audience, titleOf: (cluster: string) => string = (key) => key): string => {
  if (to.kind === 'everyone') return 'everyone'
  return to.kind === 'user' ? to.user : `people on ${titleOf(to.cluster)}`
}

export function openAnnouncements(parts: AnnouncementParts): Announcements {
  const { store, before, clusters, isKnown, now, newId } = parts
  let all = before
  const inTurn = oneAtATime()
  const list = () => all.filter(({ until }) => until === null || until > now())

  async function keep(next: readonly Announcement[]): Promise<void> {
    await store.save(settingKey, JSON.stringify(next))
    all = next
  }

  function isFor({ to }: Announcement, reader: Reader | null): boolean {
    if (to.kind === 'everyone') return true
    if (reader === null) return false
    return to.kind === 'user' ? to.user === reader.name : reader.clusters.has(to.cluster)
  }

  return {
    list,
    of: (reader) => list().filter((each) => isFor(each, reader)),
    publish: ({ text: given, to, until }, by) =>
      inTurn(async () => {
        const text = announcementText(given)
        if (until !== null && until <= now())
          throw new BatchwayError('invalid_choice', 'That end has passed already. Give a later one, or none.', {
            field: 'until',
          })
        if (to.kind === 'cluster' && !clusters.has(to.cluster))
          throw new BatchwayError('not_found', `There is no cluster ${JSON.stringify(to.cluster.slice(0, 64))}.`, {
            field: 'to',
          })
        if (to.kind === 'user' && !(await isKnown(to.user)))
          throw new BatchwayError('not_found', `Nobody is called ${JSON.stringify(to.user.slice(0, 64))} here.`, {
            field: 'to',
          })
        const others = list()
        if (others.length >= most)
          throw new BatchwayError('limit_reached', `There are ${most} announcements. Withdraw one first.`)
        const made: Announcement = { id: newId(), text, to, by, at: now(), until }
        await keep([made, ...others])
        return made
      }),
    withdraw: (id) =>
      inTurn(async () => {
        const gone = list().find((each) => each.id === id)
        if (gone === undefined) return null
        await keep(list().filter((each) => each.id !== id))
        return gone
      }),
  }
}

/** One paragraph of plain text. @throws {BatchwayError} `invalid_choice` */
function announcementText(given: string): string {
  const text = given.replace(/\s+/g, ' ').trim()
  if (text === '') throw new BatchwayError('invalid_choice', 'Write what is to be announced.', { field: 'text' })
  // Nothing may turn the line around or hide in it.
  if (text.length > longestAnnouncement || /\p{Cc}|\p{Cf}/u.test(text))
    throw new BatchwayError('invalid_choice', `Write plain text of at most ${longestAnnouncement} characters.`, {
      field: 'text',
    })
  return text
}

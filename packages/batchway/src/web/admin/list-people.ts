/** The list of people: from memory where they have sessions, from the database, a page at a time, where they have none. */
import type { Session } from '../../sessions/session.ts'
import type { WebRoom } from '../web-room.ts'
import { type PersonOn, peopleOn } from './people-on.ts'
import { type PeopleQuery, peoplePerPage } from './people-query.ts'
import type { Rights } from './rights.ts'

export interface PeoplePage {
  readonly people: readonly (PersonOn & { readonly seenAt: number | null })[]
  readonly total: number
  /** The page shown: the last one, where the address asks for one that is not there (any more). */
  readonly page: number
}

/**
 * @param sessions those that the visitor may see.
 * @param all everybody on one page, for files.
 */
export async function listPeople(
  { people, sessions: room }: Pick<WebRoom, 'people' | 'sessions'>,
  rights: Rights,
  sessions: readonly Session[],
  query: PeopleQuery,
): Promise<PeoplePage> {
  const isOfAll = query.state === 'off' || query.state === 'everyone'
  if (!isOfAll) {
    const on = peopleOn(sessions, query)
    const page = pageWithin(query.page, on.length)
    const shown = on.slice((page - 1) * peoplePerPage, page * peoplePerPage)
    return { people: shown.map((person) => ({ ...person, seenAt: null })), total: on.length, page }
  }
  if (rights.lists === undefined) return { people: [], total: 0, page: 1 }
  const ask = (page: number) =>
    people.searchUsers({
      offset: (page - 1) * peoplePerPage,
      limit: peoplePerPage,
      sort: query.sort === 'used' ? 'last_activity' : 'name',
      isDescending: query.sort === 'used' ? !query.isDescending : query.isDescending,
      state: query.state === 'off' ? 'inactive' : null,
      nameHas: query.q === '' ? null : query.q,
      among: rights.lists ?? null,
    })
  let { users, total } = await ask(query.page)
  const page = pageWithin(query.page, total)
  if (page !== query.page) ({ users, total } = await ask(page))
  const active = await room.listActiveOfUsers(new Set(users.map(({ id }) => id)))
  const shown = users.map(({ id, name, lastActivityAt }) => ({
    userId: id,
    name,
    sessions: active.filter((session) => session.userId === id && rights.sees(session)),
    seenAt: lastActivityAt,
  }))
  return { people: shown, total, page }
}

const pageWithin = (page: number, total: number): number =>
  Math.min(page, Math.max(1, Math.ceil(total / peoplePerPage)))

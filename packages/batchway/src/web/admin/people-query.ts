/** What the list of people shows: read from an address, and written into one. Pure. */

export const stateFilters = {
  on: 'With a session',
  ready: 'Ready',
  waiting: 'Waiting',
  moving: 'On the way',
  off: 'Without a session',
  everyone: 'Everyone',
} as const
export type StateFilter = keyof typeof stateFilters
export const sortKeys = ['user', 'state', 'left', 'used'] as const
export type SortKey = (typeof sortKeys)[number]

export interface PeopleQuery {
  /** Part of a user's name, of an account, a server, a node or a job. */
  readonly q: string
  readonly state: StateFilter
  /** `larch`, or `larch/batch`; '' for anywhere. */
  readonly place: string
  readonly sort: SortKey
  readonly isDescending: boolean
  /** From 1. */
  readonly page: number
}

export const peoplePerPage = 15
const initial: PeopleQuery = { q: '', state: 'on', place: '', sort: 'user', isDescending: false, page: 1 }

const isState = (text: string): text is StateFilter => Object.hasOwn(stateFilters, text)
const isSort = (text: string): text is SortKey => sortKeys.some((key) => key === text)

/** Whatever an address holds: what means nothing is as if it were not there. */
export function readPeopleQuery(given: Readonly<Record<string, string>>): PeopleQuery {
  const [, minus = '', sort = ''] = /^(-?)(\w*)$/.exec(given.sort ?? '') ?? []
  const { state = '' } = given
  const page = Number(given.page)
  return {
    q: (given.q ?? '').trim().slice(0, 100),
    state: isState(state) ? state : initial.state,
    place: (given.place ?? '').slice(0, 200),
    sort: isSort(sort) ? sort : initial.sort,
    isDescending: isSort(sort) && minus === '-',
    page: Number.isSafeInteger(page) && page > 0 ? Math.min(page, 100_000) : 1,
  }
}

/** Only what differs from the list as it is first shown. @returns '' or `?…`. */
export function writePeopleQuery(query: PeopleQuery): string {
  const text = new URLSearchParams({
    ...(query.q !== '' && { q: query.q }),
    ...(query.state !== initial.state && { state: query.state }),
    ...(query.place !== '' && { place: query.place }),
    ...((query.sort !== initial.sort || query.isDescending) && {
      sort: `${query.isDescending ? '-' : ''}${query.sort}`,
    }),
    ...(query.page > 1 && { page: String(query.page) }),
  }).toString()
  return text === '' ? '' : `?${text}`
}

/** People with a session: who they are, in the order asked for. Pure; one look at each session, whatever their number. */
import type { Session } from '../../sessions/session.ts'
import type { PeopleQuery, SortKey } from './people-query.ts'

export interface PersonOn {
  readonly name: string
  readonly userId: number
  /** Those that have not ended; none for somebody who is not on. */
  readonly sessions: readonly Session[]
}

/** Groups of states, as people ask for them. */
export function kindOf({ facts }: Session): 'ready' | 'waiting' | 'moving' {
  if (facts.state === 'ready') return 'ready'
  return facts.state === 'queued' ? 'waiting' : 'moving'
}

/** Partition or queue; null where the cluster has none. */
export function partitionOf({ spec }: Pick<Session, 'spec'>): string | null {
  const place = spec.jobOptions.partition ?? spec.jobOptions.queue
  return typeof place === 'string' ? place : null
}

/** `larch/batch`, or the cluster alone. */
const placesOf = (session: Session): readonly string[] => {
  const partition = partitionOf(session)
  const { cluster } = session.spec
  return partition === null ? [cluster] : [cluster, `${cluster}/${partition}`]
}

function hasWord({ userName, account, serverName, facts }: Session, word: string): boolean {
  const texts = [userName, account, serverName]
  if ('jobId' in facts && facts.jobId !== null) texts.push(facts.jobId)
  if ('node' in facts && facts.node !== null) texts.push(facts.node)
  return texts.some((text) => text.toLowerCase().includes(word))
}

/** Whoever has a session that fits, with all of theirs. */
export function peopleOn(sessions: readonly Session[], query: PeopleQuery): readonly PersonOn[] {
  const word = query.q.toLowerCase()
  const isMeant = (session: Session): boolean =>
    (query.state === 'on' || query.state === 'everyone' || kindOf(session) === query.state) &&
    (query.place === '' || placesOf(session).includes(query.place)) &&
    (word === '' || hasWord(session, word))
  const meant = new Set<number>()
  const byUser = new Map<number, Session[]>()
  for (const session of sessions) {
    const own = byUser.get(session.userId)
    if (own === undefined) byUser.set(session.userId, [session])
    else own.push(session)
    if (!meant.has(session.userId) && isMeant(session)) meant.add(session.userId)
  }
  const people = [...byUser].flatMap(([userId, own]): readonly PersonOn[] =>
    meant.has(userId) ? [{ userId, name: own[0]?.userName ?? '', sessions: own }] : [],
  )
  const sign = query.isDescending ? -1 : 1
  const keys = new Map(people.map((person) => [person, keyOf(person, query.sort)]))
  const key = (person: PersonOn): number | string => keys.get(person) ?? ''
  return people.sort((a, b) => sign * compare(key(a), key(b)) || compare(a.name, b.name))
}

const order = { ready: 0, moving: 1, waiting: 2 } as const

function keyOf({ name, sessions }: PersonOn, sort: SortKey): number | string {
  switch (sort) {
    case 'user':
      return name
    case 'state':
      return Math.min(...sessions.map((session) => order[kindOf(session)]))
    case 'left':
      return nextEnd(sessions) ?? Number.POSITIVE_INFINITY
    case 'used':
      return -(lastUse(sessions) ?? 0)
  }
}

const compare = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0)

const numbers = (all: readonly (number | null)[]): readonly number[] => all.filter((each) => each !== null)

/** When the first of them is over; null where none has a walltime that runs. */
export function nextEnd(sessions: readonly Session[]): number | null {
  const ends = numbers(sessions.map(({ facts, endsAt }) => (facts.state === 'ready' ? endsAt : null)))
  return ends.length === 0 ? null : Math.min(...ends)
}

export function lastUse(sessions: readonly Session[]): number | null {
  const uses = numbers(sessions.map(({ lastActivityAt, readyAt }) => lastActivityAt ?? readyAt))
  return uses.length === 0 ? null : Math.max(...uses)
}

/** What to choose from: each cluster, and each partition where somebody is. */
export function placesIn(sessions: readonly Session[]): readonly string[] {
  return [...new Set(sessions.flatMap(placesOf))].sort()
}

/** Does somebody match one of the lists of the configuration? Pure. */
export interface PeopleMatch {
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly claims: Readonly<Record<string, readonly string[]>>
}

export interface Matched {
  readonly name: string
  readonly groups: readonly string[]
  readonly claims: Readonly<Record<string, readonly string[]>>
}

/** @returns which list it was, in words; null if none. Values are compared exactly: `corp.com` is not the end of `evilcorp.com`. */
export function findMatch(lists: PeopleMatch, person: Matched): string | null {
  if (lists.users.some((name) => name.toLowerCase() === person.name)) return `the user is listed`
  const group = lists.groups.find((name) => person.groups.includes(name))
  if (group !== undefined) return `member of the group ${group}`
  for (const [claim, values] of Object.entries(lists.claims)) {
    const told = Object.hasOwn(person.claims, claim) ? (person.claims[claim] ?? []) : []
    const value = values.find((each) => told.includes(each))
    if (value !== undefined) return `the claim ${claim} holds ${value}`
  }
  return null
}

export const isEmptyMatch = ({ users, groups, claims }: PeopleMatch): boolean =>
  users.length + groups.length + Object.keys(claims).length === 0

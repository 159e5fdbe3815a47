import { BatchwayError } from '../core/errors.ts'
import type { Caller } from '../people/people.ts'
import { coversScopeText, type FilterKind } from '../people/scopes.ts'

/**
 * Who may use a route. Every route states one; there is no default.
 * - `anonymous`: anybody, credentials are not even looked at.
 * - `agent`: an agent inside a job, by a bearer secret of its own; the session room decides. Internal listener only.
 * - `signed-in`: any valid credentials.
 * - `anyOf`: any of these scopes on what the path names: a user and server, a group, a service. Where it names nothing, only scopes
 *   without a filter count: what is made there would be visible to nobody who holds less. `of: 'caller'`: on the caller.
 *   `filters`: a list; scopes with these filters count too, and the handler shows what they cover.
 *   `byBody`: credentials may come in the body; the handler decides with `decideAccess` then. A refusal there is always 403.
 */
export type Access =
  | 'anonymous'
  | 'agent'
  | 'signed-in'
  | {
      readonly anyOf: readonly [string, ...string[]]
      readonly of?: 'path' | 'caller'
      readonly filters?: readonly FilterKind[]
      readonly byBody?: true
    }

/** What a scope has to cover. */
export interface Target {
  /** Null for things that belong to no user: only the unfiltered scope covers them, or one of the group or service. */
  readonly user: string | null
  /** Null for the user as a whole. */
  readonly server: string | null
  /** Groups of the user, if somebody looked them up. */
  readonly groups?: readonly string[]
  /** The group or the service itself. */
  readonly group?: string
  readonly service?: string
}

export function isCovered(held: ReadonlySet<string>, scope: string, target: Target): boolean {
  if (held.has(scope)) return true
  const filter = filterOf(target)
  return filter !== null && coversScopeText(held, `${scope}!${filter}`, () => target.groups ?? [])
}

function filterOf({ user, server, group, service }: Target): string | null {
  if (group !== undefined) return `group=${group}`
  if (service !== undefined) return `service=${service}`
  if (user === null) return null
  return server === null ? `user=${user}` : `server=${user}/${server}`
}

/**
 * What of a list a caller may see: filter kind → values; null = everything.
 * @param filters the kinds that this list can be cut by.
 */
export function visibleBy(
  held: ReadonlySet<string>,
  scope: string,
  filters: readonly FilterKind[],
): Readonly<Partial<Record<FilterKind, readonly string[]>>> | null {
  if (held.has(scope)) return null
  const values = (kind: FilterKind): readonly string[] => {
    const prefix = `${scope}!${kind}=`
    return [...held].filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length))
  }
  return Object.fromEntries(filters.map((kind) => [kind, values(kind)]))
}

/** One text for "not there" and "not yours": the difference would tell who exists. */
export const hiddenOrMissing = (): BatchwayError =>
  new BatchwayError('not_found', 'There is nothing here, or you may not see it. Check the spelling of user and server.')

/**
 * Decide by scopes alone.
 * @returns null to go on, else the refusal: 403 without credentials or without any of the scopes, 404 when a scope is held
 * for other resources only (contract 2.1). Never 401: single-user servers turn it into an error page.
 */
export function decideAccess(access: Access, caller: Caller, target: Target): BatchwayError | null {
  if (access === 'anonymous' || access === 'agent') return null
  if (caller.kind === 'anonymous') return new BatchwayError('forbidden', 'Missing or invalid credentials.')
  if (access === 'signed-in') return null
  const { anyOf, filters = [] } = access
  const on = access.of === 'caller' ? targetOfCaller(caller) : target
  if (anyOf.some((scope) => isCovered(caller.scopes, scope, on))) return null
  const startsOf = (rest: string): readonly string[] => anyOf.map((scope) => `${scope}!${rest}`)
  const holds = (starts: readonly string[]): boolean =>
    [...caller.scopes].some((held) => starts.some((start) => held.startsWith(start)))
  if (filters.some((kind) => holds(startsOf(`${kind}=`)))) return null
  // Only where something is named can a filter be about something else.
  if (access.byBody === undefined && filterOf(on) !== null && holds(startsOf(''))) return hiddenOrMissing()
  return new BatchwayError(
    'forbidden',
    `Action is not authorized with current scopes; requires any of [${anyOf.join(', ')}]`,
  )
}

const targetOfCaller = (caller: Exclude<Caller, { kind: 'anonymous' }>): Target =>
  caller.kind === 'service'
    ? { user: null, server: null }
    : { user: caller.user.name, server: null, groups: caller.user.groups }

/** Whether the groups of the user in the path have to be known before `decideAccess`. */
export function needsGroups(access: Access, caller: Caller): boolean {
  if (typeof access !== 'object' || caller.kind === 'anonymous') return false
  for (const held of caller.scopes) if (access.anyOf.some((scope) => held.startsWith(`${scope}!group=`))) return true
  return false
}

import { BatchwayError } from '../core/errors.ts'
import type { Caller } from '../people/people.ts'
import { coversScopeText } from '../people/scopes.ts'

/**
 * Who may use a route. Every route states one; there is no default.
 * - `anonymous`: anybody, credentials are not even looked at.
 * - `agent`: an agent inside a job, by a bearer secret of its own; the session room decides. Internal listener only.
 * - `signed-in`: any valid credentials.
 * - `anyOf`: any of these scopes on the user and server that the path names (`of: 'caller'`: on the caller).
 */
export type Access =
  | 'anonymous'
  | 'agent'
  | 'signed-in'
  | { readonly anyOf: readonly [string, ...string[]]; readonly of?: 'path' | 'caller' }

/** What a scope has to cover. */
export interface Target {
  /** Null for things that belong to nobody: only the unfiltered scope covers them. */
  readonly user: string | null
  /** Null for the user as a whole. */
  readonly server: string | null
  /** Groups of the user, if somebody looked them up. */
  readonly groups?: readonly string[]
}

export function isCovered(held: ReadonlySet<string>, scope: string, { user, server, groups = [] }: Target): boolean {
  if (user === null) return held.has(scope)
  const filter = server === null ? `user=${user}` : `server=${user}/${server}`
  return coversScopeText(held, `${scope}!${filter}`, () => groups)
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
  const { anyOf } = access
  const on: Target =
    access.of === 'caller' ? { user: caller.user.name, server: null, groups: caller.user.groups } : target
  if (anyOf.some((scope) => isCovered(caller.scopes, scope, on))) return null
  for (const held of caller.scopes) if (anyOf.some((scope) => held.startsWith(`${scope}!`))) return hiddenOrMissing()
  return new BatchwayError(
    'forbidden',
    `Action is not authorized with current scopes; requires any of [${anyOf.join(', ')}]`,
  )
}

/** Whether the groups of the user in the path have to be known before `decideAccess`. */
export function needsGroups(access: Access, caller: Caller): boolean {
  if (typeof access !== 'object' || caller.kind === 'anonymous') return false
  for (const held of caller.scopes) if (access.anyOf.some((scope) => held.startsWith(`${scope}!group=`))) return true
  return false
}

/** Does a set of fully expanded scopes cover one resource? JupyterHub's notation: `name`, `name!user=U`, `name!server=U/S`, `name!group=G`. */

export interface ScopeTarget {
  /** Null for things that belong to nobody: only the unfiltered scope covers them. */
  readonly user: string | null
  /** Null for the user as a whole. */
  readonly server: string | null
  /** Groups of the user, if the caller has looked them up. */
  readonly groups?: readonly string[]
}

export function coversScope(held: ReadonlySet<string>, scope: string, target: ScopeTarget): boolean {
  if (held.has(scope)) return true
  const { user, server, groups = [] } = target
  if (user === null) return false
  return (
    held.has(`${scope}!user=${user}`) ||
    (server !== null && held.has(`${scope}!server=${user}/${server}`)) ||
    groups.some((group) => held.has(`${scope}!group=${group}`))
  )
}

/** Is the scope held at all, for whatever resource? */
export function holdsSomewhere(held: ReadonlySet<string>, scope: string): boolean {
  for (const each of held) if (each === scope || each.startsWith(`${scope}!`)) return true
  return false
}

/** Is any of these scopes held for a whole group? Then the target's groups must be looked up to decide. */
export function dependsOnGroups(held: ReadonlySet<string>, scopes: readonly string[]): boolean {
  for (const each of held) if (scopes.some((scope) => each.startsWith(`${scope}!group=`))) return true
  return false
}

/**
 * Does the set cover what another scope text grants? For handing scopes on: nobody gives what they do not hold.
 * @param scope without self-references: `access:servers!server=alice/lab`.
 */
export function coversGrant(held: ReadonlySet<string>, scope: string): boolean {
  const at = scope.indexOf('!')
  if (at < 0) return held.has(scope)
  const name = scope.slice(0, at)
  const filter = scope.slice(at + 1)
  if (held.has(scope) || held.has(name)) return true
  const server = /^server=([^/]+)\//.exec(filter)
  return server?.[1] !== undefined && held.has(`${name}!user=${server[1]}`)
}

/** Longer than any address this hub makes; more is noise or an attack on logs. */
const maxLength = 8192

/** C0, space and DEL: browsers drop or trim some of them before they look at an address, so that `/\t/evil` reads `//evil`. */
const forbidden = /[\u0000-\u0020\u007f\\]/

/**
 * Decide where to go after a sign-in: a path of this gateway, or nowhere.
 *
 * Takes an absolute path below `base`, or an absolute URL of one of our own `origins`, which becomes its path. Everything else
 * (other hosts, `//host`, other schemes, relative paths, backslashes also when encoded, control characters, paths that climb
 * out of `base`) is refused.
 * @param base the gateway's path with both slashes.
 * @param origins our own origins, e.g. `https://hub.example`.
 * @returns path, query and fragment, or null when the address is refused; the caller has a default.
 */
export function validateNext(
  next: string | null | undefined,
  base: string,
  origins: readonly string[] = [],
): string | null {
  if (!next || next.length > maxLength || forbidden.test(next)) return null
  const path = toPath(next, origins)
  if (path === null) return null
  // A name that cannot exist: if the parser ends anywhere else, the text was not a plain path.
  const parsed = URL.canParse(path, 'http://here.invalid') ? new URL(path, 'http://here.invalid') : null
  if (parsed?.origin !== 'http://here.invalid') return null
  // Dot segments are resolved by now, so `/.//evil` shows its two leading slashes.
  if (parsed.pathname.startsWith('//') || /%5c/i.test(parsed.pathname)) return null
  if (!parsed.pathname.startsWith(base)) return null
  return parsed.pathname + parsed.search + parsed.hash
}

function toPath(next: string, origins: readonly string[]): string | null {
  if (next.startsWith('/')) return next.startsWith('//') ? null : next
  const own = origins.find((origin) => next.toLowerCase().startsWith(`${origin.toLowerCase()}/`))
  if (own === undefined) return null
  const path = next.slice(own.length)
  return path.startsWith('//') ? null : path
}

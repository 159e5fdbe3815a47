/** Cookies of the hub as they pass the proxy: applications never get them and never set them. */

/** The names to guard for each configured name: itself and its prefixed forms (RFC 6265bis 4.1.3). */
export function guardedCookieNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => [name, `__Host-${name}`, `__Secure-${name}`]))
}

/**
 * Take the guarded cookies out of a Cookie header; the others stay byte for byte and in order.
 * @returns the remaining value, or null when nothing remains.
 */
export function withoutCookies(value: string, guarded: ReadonlySet<string>): string | null {
  const pieces = value.split(';')
  const kept = pieces.filter((piece) => !guarded.has(nameOf(piece)))
  if (kept.length === pieces.length) return value
  // The blank after a removed first piece's semicolon belongs to that semicolon.
  const rest = kept.join(';').replace(/^[ \t]+/, '')
  return rest === '' ? null : rest
}

/**
 * True if a Set-Cookie header would make a browser send one of the guarded names. A browser stores `=name=value` as a cookie
 * without a name and later sends it as `name=value`; and it takes prefixes case-insensitively.
 */
export function setsCookie(value: string, guarded: ReadonlySet<string>): boolean {
  const name = nameOf((value.split(';', 1)[0] ?? '').replace(/^[ \t=]+/, '')).toLowerCase()
  for (const each of guarded) if (each.toLowerCase() === name) return true
  return false
}

/** Not by a pattern such as /[ \t]+$/: each of 30,000 blanks in a row would begin a search of its own, half a second in all. */
export function trimBlanks(text: string): string {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t'
  let start = 0
  let end = text.length
  while (start < end && isBlank(start)) start += 1
  while (end > start && isBlank(end - 1)) end -= 1
  return text.slice(start, end)
}

function nameOf(piece: string): string {
  const equals = piece.indexOf('=')
  return trimBlanks(equals < 0 ? piece : piece.slice(0, equals))
}

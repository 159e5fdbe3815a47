/** Session ids and job tags. */

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz' // Crockford's base 32, lower case

/** One character for each byte. */
export const idOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => alphabet[byte % 32]).join('')

/**
 * 9 characters: the site's mark, and six random ones (30 bits). Too few to be unique by chance alone for ever: ask the store.
 * @param mark three characters: a job whose session nobody knows any more still tells whose it was.
 * @param random returns that many random bytes.
 */
export const newSessionId = (mark: string, random: (bytes: number) => Uint8Array): string => mark + idOf(random(6))

/**
 * The job's name in the scheduler: instance (2), session (9), attempt (2), after a letter: 14 characters.
 * Old PBS allows 15 and wants a letter first; comments are rewritten by sites and missing in accounting, names are not.
 * @param instance two characters of `[0-9a-z]` that tell several hubs on one scheduler apart.
 */
export function tagOf(instance: string, sessionId: string, attempt: number): string {
  if (attempt < 1 || attempt >= 36 * 36) throw new RangeError(`attempt ${attempt} does not fit into a tag`)
  return `b${instance}${sessionId}${attempt.toString(36).padStart(2, '0')}`
}

/** @returns null for names of other instances and other people's jobs. */
export function parseTag(instance: string, name: string): { sessionId: string; attempt: number } | null {
  const [, of, sessionId, attempt] = /^b([0-9a-z]{2})([0-9a-z]{9})([0-9a-z]{2})$/.exec(name) ?? []
  if (of !== instance || sessionId === undefined || attempt === undefined) return null
  return { sessionId, attempt: Number.parseInt(attempt, 36) }
}

/** Values that are equal are one in memory: the specs of thousands of sessions are those of a handful of profiles and choices. */

/** By their text. Frozen: what one holder did to it would happen to all. */
const shared = new Map<string, unknown>()
/** Where everybody chooses a number of their own, the last ones. */
const mostShared = 1_000

/** @param text JSON that this program has made. @throws {SyntaxError} for what is none. */
export function readShared(text: string): unknown {
  const known = shared.get(text)
  if (known !== undefined) return known
  const value = freeze(JSON.parse(text))
  if (shared.size >= mostShared) shared.clear()
  shared.set(text, value)
  return value
}

/** The same, for what is no text yet. @param value of what JSON can say. */
export const share = <T>(value: T): T => readShared(JSON.stringify(value)) as T

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}

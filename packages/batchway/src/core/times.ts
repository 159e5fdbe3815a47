/** Times on the wire: ISO 8601 in UTC with microseconds and `Z`, as JupyterHub's clients parse them. Inside: Unix milliseconds. */

export function toWireTime(ms: number): string
export function toWireTime(ms: number | null): string | null
export function toWireTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().replace('Z', '000Z')
}

const iso = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/
const day = /^\d{4}-\d\d-\d\d$/

/**
 * Read a client's time. One without a zone is UTC: Python clients send such. A day alone is its beginning.
 * @returns Unix milliseconds, or null if it is not a time.
 */
export function parseWireTime(text: string): number | null {
  if (day.test(text)) return parseWireTime(`${text}T00:00`)
  const match = iso.exec(text)
  if (match === null) return null
  // Date takes three digits of fractions at most in every engine; more are cut.
  const plain = text
    .replace(' ', 'T')
    .replace(',', '.')
    .replace(/(\.\d{3})\d+/, '$1')
  const ms = Date.parse(match[2] === undefined ? `${plain}Z` : plain.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(ms) ? null : ms
}

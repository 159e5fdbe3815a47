/** Moab could not be reached, or its reply did not come. */
export const isNoAnswer = (text: string): boolean =>
  /cannot connect to|could not connect|communication error|client timed out|timed out (?:after|waiting)|lost connection|connection (?:refused|reset|closed)|cannot (?:send|receive) data|server (?:is )?(?:busy|not (?:up|responding)|shutting down)|no route to host/i.test(
    text,
  )

/** Moab's words for a user: without `ERROR:`, each line once, without control characters. */
export function wordsOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .map((line) => line.replace(/^(?:ERROR|WARNING): */, ''))
    .filter((line) => line !== '')
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}

/** Seconds since 1970 → Unix milliseconds; Moab writes 0 for "not yet". */
export const toTime = (text = ''): number | undefined =>
  /^\d{1,11}$/.test(text) && Number(text) > 0 ? Number(text) * 1000 : undefined

/** Seconds, or `[DD:]HH:MM:SS`. */
export function toSeconds(text = ''): number | undefined {
  if (!/^\d{1,9}(?::\d\d){0,3}$/.test(text)) return undefined
  const [seconds = 0, minutes = 0, hours = 0, days = 0] = text.split(':').map(Number).reverse()
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}

/** The first of `node2535.golett:24,node2536.golett:24`. */
export const hostOf = (text = ''): string | undefined => /^([A-Za-z0-9][\w.-]{0,254})(?:[:,*]|$)/.exec(text)?.[1]

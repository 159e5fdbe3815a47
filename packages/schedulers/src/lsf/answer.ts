/** LSF's daemons could not be reached, or the reply did not come. @see lsf(1), "error and status messages" of the administrator's guide, 10.1 */
export const isNoAnswer = (text: string): boolean =>
  /daemon not responding|cannot connect to lsf|please wait|still trying|\blim is down|lsf is down|slave lim|communication time ?out|connection refused|connection reset|connection timed out|unable to (?:reach|open|get)|failed in (?:an )?lsf library call|master host (?:is )?unknown|host does not have a software license|bad XDR|internal cluster/i.test(
    text,
  )

/** LSF's words for a user: each line once, without control characters. */
export function wordsOf(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .filter((line) => line !== '')
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * `Nov 23 04:10 2026`, `Mon Nov 23 04:10:01 2026` and `Nov 23 04:10:01 2026 L`, in the time zone of the call, which is UTC → Unix
 * milliseconds. Undefined without a year, which LSF leaves out unless `LSB_DISPLAY_YEAR` says otherwise: a year that is guessed is wrong
 * for one job of the new year.
 */
export function toTime(text: string): number | undefined {
  const [, month = '', day, hour, minute, second = '0', year] =
    /^(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))? (\d{4})(?: [A-Z])?$/.exec(text.trim()) ?? []
  const index = months.indexOf(month)
  if (index < 0) return undefined
  return Date.UTC(Number(year), index, Number(day), Number(hour), Number(minute), Number(second))
}

const unitMiB: Readonly<Record<string, number>> = {
  b: 2 ** -20,
  k: 2 ** -10,
  m: 1,
  g: 2 ** 10,
  t: 2 ** 20,
}

/** `5.2 Gbytes`, `126 Mbytes`, `3M` → MiB, rounded up. Undefined for a number without a unit: which one it is only the site knows. */
export function toMiB(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmgt]?b(?:ytes)?|[kmgt])$/i.exec(text.trim()) ?? []
  const factor = unitMiB[unit.charAt(0).toLowerCase()]
  return amount === undefined || factor === undefined ? undefined : Math.ceil(Number(amount) * factor)
}

/** The first node of `host1:host1` or `4*c012:8*c013`. */
export const hostOf = (text: string): string | undefined =>
  /^(?:\d{1,6}\*)?([A-Za-z0-9][\w.-]{0,254})(?::|$)/.exec(text)?.[1]

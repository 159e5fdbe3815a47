const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * The forms in which Grid Engines write a time, in the time zone of the call, which is UTC: `2026-11-23T04:27:20`, also with milliseconds
 * (qstat -xml), `Mon Nov 23 04:27:20 2026` (qacct 8.1), `11/23/2026 04:27:20.345` (qacct of Univa's).
 * @returns Unix milliseconds; undefined for fillers such as `-/-` and for 1970, which is "never".
 */
export function toTime(text = ''): number | undefined {
  const at = Date.parse(`${isoOf(text)}Z`)
  return Number.isNaN(at) || at < 86_400_000 ? undefined : at
}

function isoOf(text: string): string {
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?$/.test(text)) return text.replace(' ', 'T')
  const american = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)$/.exec(text)
  if (american !== null) return `${american[3]}-${american[1]}-${american[2]}T${american[4]}`
  const [, name = '', day = '', time, year] = /^\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$/.exec(text) ?? []
  const month = String(months.indexOf(name) + 1).padStart(2, '0')
  return `${year}-${month}-${day.padStart(2, '0')}T${time}`
}

/** Seconds, also `H:M:S` and with qacct's unit (`28s`). */
export function toSeconds(text = ''): number | undefined {
  const [, words] = /^(\d{1,9}(?::\d{1,2}){0,2})(?:\.\d+)?s?$/.exec(text) ?? []
  return words?.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

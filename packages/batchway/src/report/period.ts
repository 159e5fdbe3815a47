/** Periods as people write them, in a site's time zone. Pure; the zone's rules are those of the runtime. */
import { parseDuration } from '../core/units.ts'
import type { Period } from './report.ts'

const dayMs = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

/** What the clocks of a zone show at a moment, read as if it were UTC; whole seconds. */
function wallClock(at: number, timeZone: string): number {
  const known = formats.get(timeZone)
  const format =
    known ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    })
  if (known === undefined) formats.set(timeZone, format)
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** Local minus UTC, milliseconds. */
const offsetAt = (at: number, timeZone: string): number => wallClock(at, timeZone) - Math.floor(at / 1_000) * 1_000

/**
 * The moment at which a zone's clocks show a time. Of one that comes twice the first; of one that is left out, the moment of the change.
 * @param local that time, read as if it were UTC.
 */
export function momentOf(local: number, timeZone: string): number {
  // Zones change their clocks by hours, and by a day at most (Samoa): the offsets around it are the only candidates.
  const offsets = [offsetAt(local - dayMs, timeZone), offsetAt(local + dayMs, timeZone)]
  const found = offsets.map((offset) => local - offset).filter((at) => at + offsetAt(at, timeZone) === local)
  if (found.length > 0) return Math.min(...found)
  let [before, after] = [local - Math.max(...offsets), local - Math.min(...offsets)]
  // The clocks leap over it between these two.
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (middle + offsetAt(middle, timeZone) < local) before = middle
    else after = middle
  }
  return after
}

/** The day of a zone in which a moment lies, or one so many days later. Days are 23 to 25 hours long. */
export function dayOf(at: number, timeZone: string, daysLater = 0): Period {
  const midnight = Math.floor(wallClock(at, timeZone) / dayMs) * dayMs + daysLater * dayMs
  return { from: momentOf(midnight, timeZone), to: momentOf(midnight + dayMs, timeZone) }
}

const time = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Read a time: `2026-11-18` (its midnight), `2026-11-18T06:00` (by the clocks of the zone), `2026-11-18T06:00Z`, `…+01:00`, `today`,
 * `yesterday`, `now`, or so long ago, such as `36h`.
 * @returns Unix ms, null if it has none of these forms or is no day of the calendar.
 */
export function parseTime(text: string, timeZone: string, now: number): number | null {
  if (text === 'now') return now
  if (text === 'today') return dayOf(now, timeZone).from
  if (text === 'yesterday') return dayOf(now, timeZone, -1).from
  const [whole, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', zone] = time.exec(text) ?? []
  if (whole === undefined) {
    const ago = parseDuration(text)
    return ago === null ? null : now - ago * 1_000
  }
  const numbers = [year, month, day, hour, minute, second].map(Number)
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = numbers
  const local = Date.UTC(y, mo - 1, d, h, mi, s)
  const back = new Date(local)
  if (back.getUTCMonth() !== mo - 1 || back.getUTCDate() !== d || h > 23 || mi > 59 || s > 59) return null
  if (zone === undefined) return momentOf(local, timeZone)
  if (zone === 'Z') return local
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
  return Number(hours) > 23 || Number(minutes) > 59 ? null : sign === '-' ? local + offset : local - offset
}

export interface AskedPeriod {
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** `24h`, `7d`: up to now. */
  readonly last?: string | undefined
  /** `2026-11-18`, `today`, `yesterday`. */
  readonly day?: string | undefined
}

const forms =
  'write 2026-01-31, 2026-01-31T06:00, 2026-01-31T06:00Z, "today", "yesterday", "now", or so long ago, such as 36h'

/**
 * The period that was asked for; yesterday if nothing was. From a time on means until now.
 * @returns words about what cannot be read.
 */
export function parsePeriod(asked: AskedPeriod, timeZone: string, now: number): Period | string {
  const { from, to, last, day } = asked
  const ways = [from !== undefined || to !== undefined, last !== undefined, day !== undefined].filter(Boolean)
  if (ways.length > 1) return 'use from and to, or last, or day: one of them'
  if (last !== undefined) {
    const seconds = parseDuration(last)
    return seconds === null || seconds === 0
      ? `last: write a duration such as 24h or 7d`
      : { from: now - seconds * 1_000, to: now }
  }
  if (from === undefined && to === undefined) {
    const at = day === undefined ? dayOf(now, timeZone, -1).from : parseTime(day, timeZone, now)
    return at === null ? `day: ${forms}` : dayOf(at, timeZone)
  }
  if (from === undefined) return 'from: say where the period begins'
  const begin = parseTime(from, timeZone, now)
  if (begin === null) return `from: ${forms}`
  const end = to === undefined ? now : parseTime(to, timeZone, now)
  if (end === null) return `to: ${forms}`
  return begin < end ? { from: begin, to: end } : 'the period ends before it begins'
}

/** `2026-11-18T00:00:00+01:00`: the clocks of the zone, and what makes them unmistakable. */
export function zonedTime(at: number, timeZone: string): string {
  const offset = offsetAt(at, timeZone)
  const minutes = Math.round(Math.abs(offset) / 60_000)
  const text = new Date(wallClock(at, timeZone)).toISOString().slice(0, 19)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

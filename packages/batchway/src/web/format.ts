/** Quantities and times in words. Pure: the time zone and the present moment come in. Times are Unix milliseconds. */

/** Seconds → `48 s`, `51 min`, `1 h 08 min`, `4 h`, `2 d 4 h`: as exact as a person needs at that size. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${pad(minutes % 60)} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** Milliseconds a step took → `0.5 s`, `6.8 s`, `48 s`, `1 min 52 s`, then as `duration`. */
export function took(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60 || whole >= 3600) return duration(seconds)
  return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
}

/** Seconds → `2:18 h`, for the time ring; the last minute counts as one. */
export function hoursMinutes(seconds: number): string {
  const minutes = Math.ceil(Math.max(0, seconds) / 60)
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)} h`
}

/** MiB → `512 MB`, `16 GB`, `1.5 TB`. Schedulers' G is 1024 M, and people call it GB. */
export function memory(mebibytes: number): string {
  if (mebibytes < 1024) return `${Math.round(mebibytes)} MB`
  const gib = mebibytes / 1024
  if (gib < 1024) return `${short(gib)} GB`
  return `${short(gib / 1024)} TB`
}

/** One decimal where it says something: `1.5`, `16`. */
const short = (value: number): string => (Math.round(value * 10) / 10).toString()
const pad = (value: number): string => String(value).padStart(2, '0')

/** `1 core`, `4 cores`. */
export const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

/** Share left (0 to 1) → `stroke-dasharray` of the ring, whose path length is 100. */
export const ringDash = (share: number): string => `${Math.round(Math.min(1, Math.max(0, share)) * 100)} 100`

interface Parts {
  readonly year: number
  readonly month: string
  readonly day: number
  readonly weekday: string
  readonly hour: string
  readonly minute: string
  readonly second: string
}

export interface TimeWords {
  /** `11:26` */
  clock(at: number): string
  /** `11:26:09` */
  clockSeconds(at: number): string
  /** `CET` */
  zone(at: number): string
  /** `Thu 19 Nov, 13:42 CET` */
  full(at: number): string
  /** `Thu 19 Nov 2026` */
  date(at: number): string
  /** In a sentence: `11:26` today, `11:26 on 2 Nov` on another day, with the year if it is another one. */
  moment(at: number, now: number): string
  /** What a date field or a person writes, `2026-11-24T12:00` or `2026-11-24`, in this zone. @returns null if it is no time. */
  parse(text: string): number | null
  /** `Today 11:26`, `Yesterday 18:02`, `Wed 18:02`, `2 Nov 18:02`, `2 Nov 2025`. */
  day(at: number, now: number): string
}

/** Words for times in one zone (IANA name). @throws {RangeError} for a zone that does not exist. */
export function timeWords(timeZone: string): TimeWords {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  // Each locale knows the short names of its own part of the world only; elsewhere it says GMT+1.
  const zones = ['en-GB', 'en-US', 'en-AU'].map((l) => new Intl.DateTimeFormat(l, { timeZone, timeZoneName: 'short' }))
  const split = (at: number): Parts => {
    const p = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const text = (key: string) => p[key] ?? ''
    return {
      year: Number(text('year')),
      month: text('month').slice(0, 3),
      day: Number(text('day')),
      weekday: text('weekday'),
      hour: text('hour'),
      minute: text('minute'),
      second: text('second'),
    }
  }
  const clock = (at: number) => {
    const { hour, minute } = split(at)
    return `${hour}:${minute}`
  }
  const zone = (at: number) => {
    const names = zones.map((z) => z.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '')
    return names.find((name) => name !== '' && !/^GMT./.test(name)) ?? names[0] ?? ''
  }
  const dayNumber = (at: number) => {
    const { year, month, day } = split(at)
    return Date.parse(`${day} ${month} ${year} 00:00 UTC`) / 86_400_000
  }
  return {
    clock,
    parse: (text) => {
      const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d)?)?$/.exec(text) ?? []
      const wanted = day === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`)
      if (Number.isNaN(wanted)) return null
      const shown = (at: number): number => {
        const { day: date, month, year, hour, minute } = split(at)
        return Date.parse(`${date} ${month} ${year} ${hour}:${minute} UTC`)
      }
      // Twice: the first guess may lie on the other side of a change of the clocks.
      let at = wanted
      for (let turn = 0; turn < 2; turn++) at += wanted - shown(at)
      return at
    },
    clockSeconds: (at) => `${clock(at)}:${split(at).second}`,
    zone,
    full: (at) => {
      const { weekday, day, month } = split(at)
      return `${weekday} ${day} ${month}, ${clock(at)} ${zone(at)}`
    },
    date: (at) => {
      const { weekday, day, month, year } = split(at)
      return `${weekday} ${day} ${month} ${year}`
    },
    moment: (at, now) => {
      if (dayNumber(at) === dayNumber(now)) return clock(at)
      const { year, month, day } = split(at)
      return `${clock(at)} on ${day} ${month}${year === split(now).year ? '' : ` ${year}`}`
    },
    day: (at, now) => {
      const { year, month, day, weekday } = split(at)
      const age = dayNumber(now) - dayNumber(at)
      if (age === 0) return `Today ${clock(at)}`
      if (age === 1) return `Yesterday ${clock(at)}`
      if (age > 1 && age < 7) return `${weekday} ${clock(at)}`
      return year === split(now).year ? `${day} ${month} ${clock(at)}` : `${day} ${month} ${year}`
    },
  }
}

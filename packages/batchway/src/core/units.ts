/** Quantities as people write them in config and forms: "90s", "8h", "1h30m", "16G", "500M". */

const durationUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/**
 * Read a duration: `90s`, `15m`, `8h`, `2d`, `1h30m`, `H:MM`, `H:MM:SS`, `D-HH:MM:SS`.
 * @returns whole seconds, null if the text has none of these forms.
 */
export function parseDuration(text: string): number | null {
  const [, days, hours, minutes, seconds] = /^(?:(\d{1,4})-)?(\d{1,5}):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? []
  if (hours !== undefined && minutes !== undefined) {
    return ((Number(days ?? 0) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds ?? 0)
  }
  if (!/^(\d{1,7}[smhd])+$/.test(text)) return null
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (durationUnits[unit ?? ''] ?? 0),
    0,
  )
}

/** `8h`, `1h30m`, `2d`: the shortest form that `parseDuration` reads back. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0s'
  let rest = seconds
  return Object.entries(durationUnits)
    .reverse()
    .map(([unit, size]) => {
      const count = Math.floor(rest / size)
      rest -= count * size
      return count > 0 ? `${count}${unit}` : ''
    })
    .join('')
}

/** In MiB. Binary and decimal names mean the same here, as they do in the schedulers: 1 G = 1024 M. */
const memoryUnits: Readonly<Record<string, number>> = { m: 1, g: 1_024, t: 1_048_576 }

/** Read a memory size: `500M`, `16G`, `16GB`, `16 GiB`, `1.5T`. @returns whole MiB (rounded up), null if unreadable. */
export function parseMemory(text: string): number | null {
  const [, count, unit] = /^(\d{1,7}(?:\.\d{1,3})?)\s?([mgt])(?:i?b)?$/i.exec(text) ?? []
  if (count === undefined || unit === undefined) return null
  return Math.ceil(Number(count) * (memoryUnits[unit.toLowerCase()] ?? 0))
}

/** `16G` where it is a whole number of GiB, else `500M`. */
export const formatMemory = (mebibytes: number): string =>
  mebibytes % 1_024 === 0 && mebibytes > 0 ? `${mebibytes / 1_024}G` : `${mebibytes}M`

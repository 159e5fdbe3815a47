/** Figures as the report writes them. Pure, exact: whole milliseconds in, decimals out, no floating point between. */

/** Milliseconds → `117.146`. */
export function secondsText(ms: number): string {
  const whole = Math.round(ms)
  return `${Math.floor(whole / 1_000)}.${String(whole % 1_000).padStart(3, '0')}`
}

/** The mean of so many starts in seconds, with six decimals as the talk prints it: `46.565667`. Halves are rounded up. */
export function meanText(sumMs: number, count: number): string {
  const micros = (BigInt(sumMs) * 2_000n + BigInt(count)) / (BigInt(count) * 2n)
  return `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`
}

/** Torque's way: `125gb`, `500mb`. */
export const memoryText = (mebibytes: number): string =>
  mebibytes % 1_024 === 0 && mebibytes > 0 ? `${mebibytes / 1_024}gb` : `${mebibytes}mb`

/** `8:00:00`: hours are not carried into days. */
export function walltimeText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `98.0 %`; nothing of nothing is blank. */
export const shareText = (part: number, whole: number): string =>
  whole > 0 ? `${((part / whole) * 100).toFixed(1)} %` : ''

/** `12.25`: node-hours. */
export const hoursText = (ms: number): string => (ms / 3_600_000).toFixed(2)

/**
 * Parse a Slurm time limit into seconds. Accepts the forms of sbatch(1) `--time`: `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`.
 * @returns seconds (≥ 0), or null for a limit that does not exist (`UNLIMITED`, `infinite`, `NOT_SET`, `n/a`).
 * @throws {RangeError} if the text has none of these forms.
 * @see sbatch(1) 22.05, OPT_time
 */
export function parseTimeLimit(text: string): number | null {
  if (/^(?:unlimited|infinite|not_set|n\/a)$/i.test(text)) return null
  const [, days, clock] = /^(?:(\d{1,7})-)?(\d{1,9}(?::\d{1,9}){0,2})$/.exec(text) ?? []
  if (clock === undefined) throw new RangeError(`not a Slurm time limit: ${JSON.stringify(text)}`)
  const parts = clock.split(':').map(Number)
  // With days the clock counts down from hours; without, a lone number is minutes.
  const [hours = 0, minutes = 0, seconds = 0] = days !== undefined || parts.length === 3 ? parts : [0, ...parts]
  return ((Number(days ?? 0) * 24 + hours) * 60 + minutes) * 60 + seconds
}

/** The `--time` argument: whole minutes, rounded up, which is Slurm's own resolution. */
export const toTimeLimit = (seconds: number): string => String(Math.max(1, Math.ceil(seconds / 60)))

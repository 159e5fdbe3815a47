import { type Output, SchedulerError } from '../driver.ts'

/** The unit separator: it never occurs in what Slurm itself prints, only in job names, which come last in a row. */
export const separator = '\x1f'

/** slurmctld (or slurmdbd) could not be reached, or the reply did not come. @see slurm_strerror(3) */
export const isNoAnswer = (stderr: string): boolean =>
  /unable to contact slurm|socket timed out|connection refused|communication (?:connection|shutdown)|zero bytes were transmitted|transport endpoint|problem talking to the database|persistent connection|slurm backup controller|configuration source|controller (?:is )?(?:not|in standby)|message receive failure/i.test(
    stderr,
  )

/** Slurm's words for a user: without the program's name, and without lines that a later one says better. */
export function wordsOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) =>
      line
        .replace(/^(?:sbatch|squeue|scancel|sacct|sinfo): (?:error: |fatal: )*/, '')
        .replace(/^Batch job submission failed: /, ''),
    )
    .map((line) => line.replace(/[\x00-\x1f\x7f]+/g, ' ').trim())
    .filter((line) => line !== '')
  return [...new Set(lines)].join('\n').slice(0, 2_000)
}

/** The standard output of a question. @throws {SchedulerError} `unavailable` if it failed, whatever it had already printed. */
export function answered(output: Output, program: string): string {
  if (output.exitCode === 0) return output.stdout
  throw new SchedulerError(
    'unavailable',
    wordsOf(output.stderr) || `${program} ended with exit code ${output.exitCode}`,
  )
}

/** Slurm's fillers for "nothing": an empty text. `localhost` is the submitting host of an interactive job, not a node. */
export const withoutFiller = (text: string): string =>
  /^(?:\(null\)|n\/a|none|none assigned|unknown|not_set|localhost)?$/i.test(text.trim()) ? '' : text.trim()

/** Seconds since 1970 (SLURM_TIME_FORMAT=%s) → Unix milliseconds; undefined for a filler. */
export function toMilliseconds(text: string): number | undefined {
  return /^\d{1,12}$/.test(text) && text !== '0' ? Number(text) * 1_000 : undefined
}

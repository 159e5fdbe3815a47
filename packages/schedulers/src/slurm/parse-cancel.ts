import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read the reply of `scancel --verbose`. Without --verbose a job that is unknown or over looks like success (22.05).
 * @returns false if Slurm does not know the job, or not under this name, or it has already ended.
 * @throws {SchedulerError} `refused` (another user's job), `ambiguous` if the controller did not answer.
 */
export function parseCancel({ exitCode, stderr }: Output): boolean {
  if (/invalid job id specified|already completing or completed|no active jobs match/i.test(stderr)) return false
  if (exitCode === 0 && !/error:/.test(stderr)) return true
  const errors = stderr.split('\n').filter((line) => line.includes('error:'))
  const words = wordsOf(errors.join('\n')).replace(/^Kill job error on job id \S+: /, '')
  throw new SchedulerError(
    isNoAnswer(stderr) ? 'ambiguous' : 'refused',
    words || `scancel ended with exit code ${exitCode}`,
  )
}

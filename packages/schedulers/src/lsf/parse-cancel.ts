import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read bkill's reply.
 * @returns false if LSF does not know the job, or it has already ended. @throws {SchedulerError} `refused` (another user's job), `ambiguous`
 * if the master did not answer.
 */
export function parseCancel({ exitCode, stdout, stderr }: Output): boolean {
  const said = `${stderr}\n${stdout}`
  if (/no matching job found|job has already finished|is not found/i.test(said)) return false
  if (exitCode === 0) return true
  throw new SchedulerError(
    isNoAnswer(said) ? 'ambiguous' : 'refused',
    wordsOf(stderr || stdout) || `bkill ended with exit code ${exitCode}`,
  )
}

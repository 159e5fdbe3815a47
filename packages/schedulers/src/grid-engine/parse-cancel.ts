import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read qdel's reply, which stands on standard output, what went wrong included. "Already in deletion" is as good as done.
 * @returns false if Grid Engine does not know the job, or it has already ended. @throws {SchedulerError} `refused` (another user's job),
 * `ambiguous` if the queue master did not answer.
 */
export function parseCancel({ exitCode, stdout, stderr }: Output): boolean {
  const said = `${stdout}\n${stderr}`
  if (/^denied: job "[^"]*" does not exist$/m.test(said)) return false
  if (exitCode === 0 && !/do not have the necessary privileges/.test(said)) return true
  throw new SchedulerError(
    isNoAnswer(said) ? 'ambiguous' : 'refused',
    wordsOf(said) || `qdel ended with exit code ${exitCode}`,
  )
}

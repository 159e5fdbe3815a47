import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read qdel's reply.
 * @returns false if PBS does not know the job, or it has already ended. @throws {SchedulerError} `refused` (another user's job), `ambiguous`
 * if the server did not answer.
 */
export function parseCancel({ exitCode, stderr }: Output): boolean {
  if (exitCode === 0) return true
  if (/unknown job id|job has finished|request invalid for state of job/i.test(stderr)) return false
  throw new SchedulerError(
    isNoAnswer(stderr) ? 'ambiguous' : 'refused',
    wordsOf(stderr) || `qdel ended with exit code ${exitCode}`,
  )
}

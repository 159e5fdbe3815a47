import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from '../pbs/answer.ts'

/**
 * Read qdel's reply.
 * @returns false if Torque does not know the job, or it has already ended; true also for one that is about to end.
 * @throws {SchedulerError} `refused` (another user's job), `ambiguous` if the server did not answer.
 */
export function parseCancel({ exitCode, stderr }: Output): boolean {
  if (exitCode === 0) return true
  if (/nonexistent job id|unknown job id|invalid state for job - COMPLETE/i.test(stderr)) return false
  if (/invalid state for job - EXITING/i.test(stderr)) return true
  throw new SchedulerError(
    isNoAnswer(stderr) ? 'ambiguous' : 'refused',
    wordsOf(stderr) || `qdel ended with exit code ${exitCode}`,
  )
}

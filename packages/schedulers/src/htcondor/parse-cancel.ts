import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read the reply of `condor_rm ID`.
 * @returns false if HTCondor does not know the job (any more), or is removing it already.
 * @throws {SchedulerError} `refused` (another user's job), `ambiguous` if the schedd did not answer.
 */
export function parseCancel({ exitCode, stdout, stderr }: Output): boolean {
  if (exitCode === 0) return true
  const said = `${stdout}\n${stderr}`
  if (/^Job \S+ (?:not found|already marked for removal)/m.test(said)) return false
  throw new SchedulerError(
    isNoAnswer(said) ? 'ambiguous' : 'refused',
    wordsOf(said) || `condor_rm ended with exit code ${exitCode}`,
  )
}

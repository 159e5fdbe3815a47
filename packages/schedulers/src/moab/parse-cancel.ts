import { type Output, SchedulerError } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read the reply of `mjobctl -c`.
 * @returns false if Moab does not know the job, or it has already ended. @throws {SchedulerError} `refused` (another user's job),
 * `ambiguous` if the server did not answer.
 */
export function parseCancel({ exitCode, stdout, stderr }: Output): boolean {
  const said = `${stderr}\n${stdout}`
  if (
    /invalid job specified|(?:cannot|could not) (?:locate|find) job|already (?:completed|cancel)|is completed/i.test(
      said,
    )
  )
    return false
  if (exitCode === 0 && !/^ERROR:/m.test(stderr)) return true
  throw new SchedulerError(
    isNoAnswer(said) ? 'ambiguous' : 'refused',
    wordsOf(stderr) || wordsOf(stdout) || `mjobctl ended with exit code ${exitCode}`,
  )
}

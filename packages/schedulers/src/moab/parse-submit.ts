import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read msub's reply: an empty line, then the id. A site's filter may print before it, so the last line that is one word counts.
 * @throws {SchedulerError} `ambiguous` when the server's reply is missing (the job may exist all the same), else `refused`.
 */
export function parseSubmit({ exitCode, stdout, stderr }: Output): JobId {
  const words = wordsOf(stderr) || wordsOf(stdout)
  if (exitCode === 0 && !/^ERROR:/m.test(stderr)) {
    const line =
      stdout
        .split('\n')
        .findLast((text) => text.trim() !== '')
        ?.trim() ?? ''
    if (/^(?:[A-Za-z][\w-]{0,60}\.)?\d{1,12}(?:\.[\w.-]{1,100})?$/.test(line)) return toJobId(line)
    throw new SchedulerError('ambiguous', `msub succeeded without printing a job id: ${words}`)
  }
  throw new SchedulerError(
    isNoAnswer(stderr + stdout) ? 'ambiguous' : 'refused',
    words || `msub ended with exit code ${exitCode}`,
  )
}

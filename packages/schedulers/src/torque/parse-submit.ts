import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from '../pbs/answer.ts'

/**
 * Read qsub's reply. A site's submit filter may print before the id, so the last line that is one counts.
 * @throws {SchedulerError} `ambiguous` when the server's reply is missing (the job may exist all the same), else `refused`.
 */
export function parseSubmit({ exitCode, stdout, stderr }: Output): JobId {
  if (exitCode === 0) {
    const line = stdout.split('\n').findLast((text) => /^\d+(?:\[\])?(?:\.[\w.-]+)?$/.test(text.trim()))
    if (line !== undefined) return toJobId(line.trim())
    throw new SchedulerError('ambiguous', `qsub succeeded without printing a job id: ${wordsOf(stdout + stderr)}`)
  }
  const words = wordsOf(stderr) || `qsub ended with exit code ${exitCode}`
  throw new SchedulerError(isNoAnswer(stderr) ? 'ambiguous' : 'refused', words)
}

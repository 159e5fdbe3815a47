import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read the reply of `qsub -terse`. Its own warnings and those of a site's checks stand before the id, on standard output too: the last line of
 * the form `number` or, for an array, `number.first-last:step` counts.
 * @throws {SchedulerError} `ambiguous` when the queue master's reply is missing (the job may exist all the same), else `refused`.
 */
export function parseSubmit({ exitCode, stdout, stderr }: Output): JobId {
  if (exitCode === 0) {
    const line = stdout.split('\n').findLast((text) => /^\d{1,10}(?:\.\d+-\d+:\d+)?$/.test(text.trim()))
    if (line !== undefined) return toJobId(line.trim())
    throw new SchedulerError('ambiguous', `qsub succeeded without printing a job id: ${wordsOf(stdout + stderr)}`)
  }
  const words = wordsOf(stderr) || wordsOf(stdout) || `qsub ended with exit code ${exitCode}`
  throw new SchedulerError(isNoAnswer(stderr) ? 'ambiguous' : 'refused', words)
}

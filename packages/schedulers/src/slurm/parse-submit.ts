import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read sbatch's reply. Plugins and site scripts may print before the id, so the last line of the form `id` or `id;cluster` counts.
 * @throws {SchedulerError} `ambiguous` when the controller's reply is missing (the job may exist all the same), else `refused`.
 */
export function parseSubmit(output: Output): JobId {
  const { exitCode, stdout, stderr } = output
  if (exitCode === 0) {
    const line = stdout.split('\n').findLast((text) => /^\d+(?:;\S+)?$/.test(text.trim()))
    if (line !== undefined) return toJobId(line.trim().replace(/;.*$/, ''))
    throw new SchedulerError('ambiguous', `sbatch succeeded without printing a job id: ${wordsOf(stdout + stderr)}`)
  }
  const words = wordsOf(stderr) || `sbatch ended with exit code ${exitCode}`
  throw new SchedulerError(isNoAnswer(stderr) ? 'ambiguous' : 'refused', words)
}

import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/**
 * Read bsub's reply. A site's esub may print before it, so the last line of its form counts.
 * @throws {SchedulerError} `ambiguous` when the reply of the master is missing (the job may exist all the same), else `refused`.
 */
export function parseSubmit({ exitCode, stdout, stderr }: Output): JobId {
  if (exitCode === 0) {
    const id = [...stdout.matchAll(/^Job <(\d{1,12})> is submitted to (?:default )?queue <[^>\n]*>\.?\s*$/gm)].at(
      -1,
    )?.[1]
    if (id !== undefined) return toJobId(id)
    throw new SchedulerError('ambiguous', `bsub succeeded without printing a job id: ${wordsOf(stdout + stderr)}`)
  }
  const words = wordsOf(stderr || stdout) || `bsub ended with exit code ${exitCode}`
  // "Job not submitted" is said by a master that did answer, after whatever waiting.
  const isRefused = /job not submitted/i.test(stderr + stdout)
  throw new SchedulerError(!isRefused && isNoAnswer(stderr + stdout) ? 'ambiguous' : 'refused', words)
}

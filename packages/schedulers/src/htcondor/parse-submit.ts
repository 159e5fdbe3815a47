import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { isNoAnswer, wordsOf } from './answer.ts'

/** What the schedd says why comes after it; without a word the reply was lost. */
const failedCommit = /Failed to commit job submission into the queue\.\n?/

/**
 * Read the reply of `condor_submit -terse`: `12.0 - 12.0`. A site's own program may print before or after it, so the last line of this form
 * counts.
 * @throws {SchedulerError} `refused` with HTCondor's words, or those of the shell that could not put the job script down; `ambiguous` when the
 * schedd's reply is missing (the job may exist all the same).
 */
export function parseSubmit({ exitCode, stdout, stderr }: Output): JobId {
  const words = wordsOf(stderr).replace(failedCommit, '')
  if (exitCode !== 0)
    throw new SchedulerError(
      isNoAnswer(stderr) || (words === '' && failedCommit.test(stderr)) ? 'ambiguous' : 'refused',
      words || `condor_submit ended with exit code ${exitCode}`,
    )
  const ids = stdout.split('\n').flatMap((line) => /^(\d+\.\d+) - \1\s*$/.exec(line)?.[1] ?? [])
  const id = ids.at(-1)
  if (id !== undefined) return toJobId(id)
  // The script is put down by a shell that condor_submit starts; without one there is nothing to queue, which is a success for it.
  if (stdout.trim() === '' && /^(?:sh|\S*\/sh): /m.test(stderr)) throw new SchedulerError('refused', words)
  throw new SchedulerError(
    'ambiguous',
    `condor_submit succeeded without printing a job id: ${wordsOf(stdout + stderr)}`,
  )
}

import { z } from 'zod'
import { type JobId, type Output, SchedulerError, toJobId } from '../driver.ts'
import { wordsOf } from './answer.ts'
import { readArray } from './parse-jobs.ts'

const amount = z.number().min(0).optional().catch(undefined)
const record = z.object({
  ClusterId: z.int().min(1),
  ProcId: z.int().min(0),
  RequestCpus: amount,
  RequestMemory: amount,
  RequestGPUs: amount,
})

/** What `condor_q -unmatchable` is asked for. */
export const unmatchedAttributes = Object.keys(record.shape).join(',')

/**
 * Read `condor_q -unmatchable -json`: jobs that no machine of the pool could run, were it idle.
 * @returns a sentence for each. @throws {SchedulerError} `unavailable`, `unreadable`
 */
export function parseUnmatched({ exitCode, stdout, stderr }: Output): ReadonlyMap<JobId, string> {
  if (exitCode !== 0)
    throw new SchedulerError('unavailable', wordsOf(stderr) || `condor_q ended with exit code ${exitCode}`)
  const records = stdout.trim() === '' ? [] : readArray(stdout)
  return new Map(
    records.flatMap((value) => {
      const { data } = record.safeParse(value)
      return data === undefined ? [] : [[toJobId(`${data.ClusterId}.${data.ProcId}`), sentenceOf(data)]]
    }),
  )
}

function sentenceOf({ RequestCpus: cores, RequestMemory: memory, RequestGPUs: gpus }: z.output<typeof record>): string {
  const asked = [
    cores !== undefined && `${cores} ${cores === 1 ? 'core' : 'cores'}`,
    memory !== undefined && `${memory} MiB of memory`,
    gpus !== undefined && gpus > 0 && `${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'}`,
  ].filter((part) => part !== false)
  return `No machine of the pool can run this job as it was asked for: ${asked.join(', ')}, and what its requirements say`
}

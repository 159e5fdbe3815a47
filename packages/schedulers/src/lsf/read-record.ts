import { z } from 'zod'
import { type JobStatus, toJobId } from '../driver.ts'
import { plain } from '../plain.ts'
import { hostOf, toMiB, toTime } from './answer.ts'
import { readEnd, readReason, readState, toSentences } from './states.ts'

/** The `-o` argument of the list call: fields by the names of bjobs(1), 10.1. */
export const listFields =
  'jobid jobindex stat user queue job_name exec_host submit_time start_time finish_time pend_reason exit_code exit_reason max_mem'

/** Every value is a text; what does not apply is empty, or a hyphen as in the plain form. */
const text = z
  .string()
  .transform((value) => (value === '-' ? '' : value))
  .default('')

const record = z.object({
  JOBID: z.string().regex(/^\d{1,12}(?:\[\d{1,9}\])?$/),
  JOBINDEX: text,
  STAT: z.string().regex(/^[A-Z_]{2,16}$/),
  USER: text,
  QUEUE: text,
  JOB_NAME: z.string(),
  EXEC_HOST: text,
  SUBMIT_TIME: text,
  START_TIME: text,
  FINISH_TIME: text,
  PEND_REASON: text,
  EXIT_CODE: text,
  EXIT_REASON: text,
  MAX_MEM: text,
})

/** @returns null for what is no record of a job. */
export function readRecord(value: unknown): JobStatus | null {
  const parsed = record.safeParse(value)
  if (!parsed.success) return null
  const job = parsed.data
  const phase = readState(job.STAT)
  const isWaiting = phase === 'pending' || phase === 'held'
  const [submittedAt, startedAt] = [toTime(job.SUBMIT_TIME), toTime(job.START_TIME)]
  const host = hostOf(job.EXEC_HOST)
  const reason = toSentences(job.PEND_REASON)
  // Of a running job it is when its time will be over.
  const finish = toTime(job.FINISH_TIME)
  return {
    id: toJobId(idOf(job.JOBID, job.JOBINDEX)),
    name: plain(job.JOB_NAME),
    ...(job.USER !== '' && { owner: plain(job.USER) }),
    phase,
    rawState: job.STAT,
    restarts: 0, // bjobs does not tell
    ...(job.QUEUE !== '' && { partition: plain(job.QUEUE) }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && { wait: phase === 'held' ? 'held' : readReason(reason), ...(reason !== '' && { reason }) }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    ...((phase === 'running' || phase === 'ending' || phase === 'paused') && host !== undefined && { host }),
    ...(phase === 'running' && finish !== undefined && { endsAt: finish }),
    ...(phase === 'ended' && { end: endOf(job, { startedAt, endedAt: finish, host }) }),
  }
}

interface Facts {
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly host: string | undefined
}

function endOf({ STAT, EXIT_CODE, EXIT_REASON, MAX_MEM }: z.output<typeof record>, facts: Facts) {
  const { startedAt, endedAt, host } = facts
  const code = /^\d{1,5}$/.test(EXIT_CODE) ? Number(EXIT_CODE) : null
  const memory = toMiB(MAX_MEM)
  return {
    ...readEnd(STAT, code, EXIT_REASON),
    words: toSentences(EXIT_REASON) || (code === null ? STAT : `${STAT}, exit code ${code}`),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(host !== undefined && { host }),
    ...(memory !== undefined && memory > 0 && { maxMemoryMiB: memory }),
  }
}

/** Elements of an array have their index beside the number; other jobs have index 0. */
const idOf = (id: string, index: string): string =>
  /^[1-9]\d*$/.test(index) && !id.includes('[') ? `${id}[${index}]` : id

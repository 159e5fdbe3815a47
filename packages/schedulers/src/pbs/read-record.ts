import { z } from 'zod'
import { type JobStatus, toJobId } from '../driver.ts'
import { plain } from '../plain.ts'
import { readComment, readEnd, readState } from './states.ts'

/** What we read of a job's record; values of one attribute are numbers or texts, whatever they look like to PBS. */
const record = z.object({
  Job_Name: z.coerce.string(),
  Job_Owner: z.string(),
  job_state: z.string(),
  queue: z.coerce.string().optional(),
  exec_host: z.string().optional(),
  comment: z.coerce.string().optional(),
  ctime: z.string().optional(),
  stime: z.string().optional(),
  obittime: z.string().optional(),
  Exit_status: z.int().optional(),
  Resource_List: z.object({ walltime: z.string().optional() }).optional(),
  resources_used: z.object({ walltime: z.string().optional(), mem: z.string().optional() }).optional(),
  estimated: z.object({ start_time: z.string().optional() }).optional(),
})

/** @returns null for what is no record of a job. */
export function readRecord(id: string, value: unknown): JobStatus | null {
  const parsed = record.safeParse(value)
  if (!parsed.success || !/^\d+(?:\[\d*\])?\.[\w.-]{1,100}$/.test(id)) return null
  const job = parsed.data
  const phase = readState(job.job_state)
  const comment = plain(job.comment ?? '')
  const [submittedAt, startedAt, endedAt] = [toTime(job.ctime), toTime(job.stime), toTime(job.obittime)]
  const host = hostOf(job.exec_host)
  const limit = toSeconds(job.Resource_List?.walltime)
  const isWaiting = phase === 'pending' || phase === 'held'
  const estimated = toTime(job.estimated?.start_time)
  const memory = toMiB(job.resources_used?.mem)
  const owner = job.Job_Owner.replace(/@.*$/s, '')
  return {
    id: toJobId(id),
    name: plain(job.Job_Name),
    owner,
    phase,
    rawState: job.job_state,
    // PBS counts runs, but tells the job nothing of it: a claim could not name its number.
    restarts: 0,
    ...(job.queue && { partition: job.queue }),
    ...(submittedAt !== undefined && { submittedAt }),
    ...(isWaiting && {
      wait: phase === 'held' ? 'held' : readComment(comment),
      ...(comment !== '' && { reason: comment }),
      ...(estimated !== undefined && { estimatedStartAt: estimated }),
    }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    ...((phase === 'running' || phase === 'ending' || phase === 'paused') && host !== undefined && { host }),
    ...(phase === 'running' && startedAt !== undefined && limit !== undefined && { endsAt: startedAt + limit * 1000 }),
    ...(phase === 'ended' && {
      end: {
        ...readEnd(job.Exit_status ?? null, comment),
        words: comment || `Exit_status ${job.Exit_status ?? 'unknown'}`,
        ...(startedAt !== undefined && { startedAt }),
        ...(endedAt !== undefined && { endedAt }),
        ...(host !== undefined && { host }),
        ...(memory !== undefined && memory > 0 && { maxMemoryMiB: memory }),
      },
    }),
  }
}

/** The first node of `b141/0*16+b142/0*16`. */
const hostOf = (text = ''): string | undefined => /^([\w.-]{1,255})\/\d/.exec(text)?.[1]

/** `Sun Nov 22 09:37:23 2026`, in the time zone of the call, which is UTC → Unix milliseconds. */
export function toTime(text = ''): number | undefined {
  const [, month, day, time, year] = /^\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$/.exec(text) ?? []
  const at = Date.parse(`${month} ${day} ${year} ${time} UTC`)
  return Number.isNaN(at) ? undefined : at
}

/** `HH:MM:SS` or seconds. */
export function toSeconds(text = ''): number | undefined {
  if (!/^\d{1,6}(?::\d\d){0,2}$/.test(text)) return undefined
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

const unitKiB: Readonly<Record<string, number>> = { b: 1 / 1024, kb: 1, mb: 1024, gb: 2 ** 20, tb: 2 ** 30 }

/** `4544kb` → MiB, rounded up. */
export function toMiB(text = ''): number | undefined {
  const [, amount, unit] = /^(\d{1,15})([kmgt]?b)$/i.exec(text) ?? []
  const factor = unitKiB[unit?.toLowerCase() ?? '']
  return amount === undefined || factor === undefined ? undefined : Math.ceil((Number(amount) * factor) / 1024)
}

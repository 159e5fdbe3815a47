import { z } from 'zod'
import { type JobEnd, type JobPhase, type JobStatus, toJobId } from '../driver.ts'
import { isByPeriodicRemove, readEnd, readHold, readState, stateWord } from './states.ts'

/** An attribute that is an expression instead of a value comes as a text; then we do as if it were not there. */
const optional = <T extends z.ZodType>(type: T) => type.optional().catch(undefined)
const count = z.int().min(0)

const ad = z.object({
  ClusterId: z.int().min(1),
  ProcId: count,
  JobStatus: z.int(),
  Owner: z.string(),
  JobBatchName: z.string(),
  BatchwayOnce: optional(z.boolean()),
  QDate: optional(count),
  NumJobMatches: optional(count),
  NumJobStarts: optional(count),
  JobCurrentStartDate: optional(count),
  EnteredCurrentStatus: optional(count),
  AllowedJobDuration: optional(count),
  RemoteHost: optional(z.string()),
  LastRemoteHost: optional(z.string()),
  HoldReason: optional(z.string()),
  HoldReasonCode: optional(z.int()),
  LastHoldReason: optional(z.string()),
  LastHoldReasonCode: optional(z.int()),
  LastRejMatchReason: optional(z.string()),
  LastVacateTime: optional(count),
  AccountingGroup: optional(z.string()),
  ExitCode: optional(z.int()),
  ExitSignal: optional(z.int()),
  ExitBySignal: optional(z.boolean()),
  RemoveReason: optional(z.string()),
  ResidentSetSize: optional(z.number().min(0)),
})

/** What condor_q and condor_history are asked for. */
export const attributes = Object.keys(ad.shape).join(',')

type Ad = z.output<typeof ad>

/** A record of the queue. @returns null for what is no record of a job. */
export function readQueued(value: unknown): JobStatus | null {
  const parsed = ad.safeParse(value)
  if (!parsed.success) return null
  const job = parsed.data
  const hold = plain(job.HoldReason)
  const heldFor = job.JobStatus === 5 ? readHold(job.HoldReasonCode, hold) : null
  if (heldFor !== null)
    return ended(job, { kind: heldFor, words: sentence(hold) || `held, HoldReasonCode ${job.HoldReasonCode}` })
  if (hasCompleted(job)) return ended(job, endOf(job))
  const phase = phaseOf(job)
  const isWaiting = phase === 'pending' || phase === 'held'
  const host = hostOf(job.RemoteHost)
  const startedAt = toMs(job.JobCurrentStartDate)
  const reason = sentence(phase === 'held' ? hold : plain(job.LastRejMatchReason))
  return {
    ...commonOf(job),
    phase,
    restarts: restartsOf(job, isWaiting),
    ...(isWaiting && { wait: phase === 'held' ? 'held' : 'normal', ...(reason !== '' && { reason }) }),
    ...(!isWaiting && phase !== 'unknown' && startedAt !== undefined && { startedAt }),
    ...((phase === 'running' || phase === 'ending' || phase === 'paused') && host !== undefined && { host }),
    ...(phase === 'running' &&
      startedAt !== undefined &&
      job.AllowedJobDuration !== undefined && { endsAt: startedAt + job.AllowedJobDuration * 1000 }),
  }
}

/** A record of the history. @returns null for what is none, and for a job that was alive when it was written down. */
export function readEnded(value: unknown): JobStatus | null {
  const parsed = ad.safeParse(value)
  if (!parsed.success || (parsed.data.JobStatus !== 3 && parsed.data.JobStatus !== 4)) return null
  return ended(parsed.data, endOf(parsed.data))
}

function commonOf(job: Ad): Pick<JobStatus, 'id' | 'name' | 'owner' | 'rawState' | 'partition' | 'submittedAt'> {
  const submittedAt = toMs(job.QDate)
  return {
    id: toJobId(`${job.ClusterId}.${job.ProcId}`),
    name: plain(job.JobBatchName),
    owner: job.Owner,
    rawState: stateWord(job.JobStatus),
    ...(job.AccountingGroup && { partition: plain(job.AccountingGroup) }),
    ...(submittedAt !== undefined && { submittedAt }),
  }
}

function phaseOf({ JobStatus: status, HoldReasonCode, BatchwayOnce, NumJobStarts = 0 }: Ad): JobPhase {
  // The hold is decided, and its processes are told to go.
  if (status === 2 && HoldReasonCode !== undefined) return 'ending'
  // It has lost its machine and gets no other: HTCondor removes it within a minute.
  if (status === 1 && BatchwayOnce && NumJobStarts > 0) return 'ending'
  return status === 4 ? 'unknown' : readState(status)
}

/** A job that has completed has ended in some way, and is not held: the number of its state alone is one digit. */
const hasCompleted = (job: Ad): boolean =>
  job.JobStatus === 4 &&
  job.HoldReason === undefined &&
  (job.ExitBySignal === true ? job.ExitSignal !== undefined : job.ExitCode !== undefined)

/**
 * By NumJobMatches, which the schedd writes when it gives a job its machine, and not when it finds a running job again after a crash (which
 * JobRunCount counts, too). NumJobStarts comes up to a quarter of an hour later. The agent reads the same number in its job's own record.
 */
function restartsOf({ NumJobMatches: matches = 0 }: Ad, isWaiting: boolean): number {
  return isWaiting ? matches : Math.max(0, matches - 1)
}

function ended(job: Ad, end: JobEnd): JobStatus {
  const [startedAt, endedAt] = [toMs(job.JobCurrentStartDate), toMs(job.EnteredCurrentStatus)]
  const host = hostOf(job.LastRemoteHost)
  const memory = Math.ceil((job.ResidentSetSize ?? 0) / 1024)
  return {
    ...commonOf(job),
    phase: 'ended',
    restarts: restartsOf(job, false),
    ...(startedAt !== undefined && { startedAt }),
    end: {
      ...end,
      ...(startedAt !== undefined && { startedAt }),
      ...(endedAt !== undefined && { endedAt }),
      ...(host !== undefined && { host }),
      ...(memory > 0 && { maxMemoryMiB: memory }),
    },
  }
}

function endOf(job: Ad): JobEnd {
  const [removed, hold] = [plain(job.RemoveReason), plain(job.LastHoldReason)]
  const end = readEnd({
    status: job.JobStatus,
    exitCode: job.ExitCode,
    exitSignal: job.ExitSignal,
    isBySignal: job.ExitBySignal === true,
    removeReason: removed,
    holdCode: job.LastHoldReasonCode,
    holdReason: hold,
    hasBeenVacated: job.LastVacateTime !== undefined,
  })
  return { ...end, words: wordsOfEnd(job, end, removed, hold) }
}

/** HTCondor tells a removal by our own rule with the rule's text, which says nothing to anybody: what led to it does. */
function wordsOfEnd(job: Ad, end: JobEnd, removed: string, hold: string): string {
  if (job.JobStatus === 4)
    return end.signal !== undefined ? `ended by signal ${end.signal}` : `ExitCode ${end.exitCode ?? 'unknown'}`
  if (!isByPeriodicRemove(removed)) return sentence(removed) || 'removed'
  return sentence(hold) || 'The job lost its machine, and was not to be started again'
}

const toMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined || seconds === 0 || seconds > 1e11 ? undefined : seconds * 1000

const plain = (text = ''): string => text.replace(/[\x00-\x1f\x7f]/g, '\ufffd').trim()

/** Without the machine's name before it, which the pages show beside; at most a few lines of it. */
const sentence = (text: string): string => text.replace(/^Error from \S+: /, '').slice(0, 1_000)

/** `slot1_3@node` → `node`. */
const hostOf = (text = ''): string | undefined => /^(?:[\w.-]{1,100}@)*([\w.-]{1,255})$/.exec(text)?.[1]

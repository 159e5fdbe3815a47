import { asRecord, type JobResult } from './order.ts'
import { type ProcessIdentity, toProcessIdentity } from './process-identity.ts'

/** What a submit asks for. */
export interface Submission {
  readonly name: string
  readonly account: string
  readonly cores: number
  readonly memoryMiB: number
  readonly gpus: number
  readonly wallSeconds: number
  readonly workdir: string
  readonly outputPath: string
}

/** How a job ended, for the list: a shepherd's result, or what the scheduler found instead of one. */
export type End = Omit<JobResult, 'kind'> & {
  readonly kind: JobResult['kind'] | 'unknown'
  readonly by?: string
  readonly host?: string
}

/** One launch of a job. Written before the shepherd is started. */
export interface Launch {
  readonly key: string
  readonly bootId: string
  readonly at: number
}

/** A job as it lies on disk. Each state carries what is true in it. Times in Unix ms. */
export type JobRecord = {
  /** `<number>.<8 random hex digits>`: the number is the place in the queue, the rest makes the mark of its processes unguessable. */
  readonly id: string
  readonly number: number
  readonly uid: number
  readonly gid: number
  readonly submittedAt: number
  readonly ask: Submission
  /** Somebody wants it to end. */
  readonly cancel?: { readonly at: number; readonly by: string }
} & (
  | { readonly state: 'queued' }
  | { readonly state: 'launching'; readonly launch: Launch }
  | {
      readonly state: 'running'
      readonly launch: Launch
      readonly shepherd: ProcessIdentity
      readonly startedAt: number
    }
  | { readonly state: 'ended'; readonly end: End; readonly endedAt: number }
)

export type JobState = JobRecord['state']
export type JobIn<S extends JobState> = Extract<JobRecord, { state: S }>

/** The facts of a job that hold in every state: spread into its next record. */
export const core = ({ id, number, uid, gid, submittedAt, ask, cancel }: JobRecord) => ({
  id,
  number,
  uid,
  gid,
  submittedAt,
  ask,
  ...(cancel && { cancel }),
})

/** @throws {Error} if the text is not a record this version wrote. */
export function parseJobRecord(text: string): JobRecord {
  const value = asRecord(JSON.parse(text))
  const launch = asRecord(value?.launch)
  const hasLaunch =
    typeof launch?.key === 'string' && typeof launch.bootId === 'string' && typeof launch.at === 'number'
  const fitsState =
    value?.state === 'queued' ||
    (value?.state === 'launching' && hasLaunch) ||
    (value?.state === 'running' && hasLaunch && toProcessIdentity(value.shepherd) !== null) ||
    (value?.state === 'ended' && asRecord(value.end) !== null && typeof value.endedAt === 'number')
  const { id, ask } = value ?? {}
  const hasNumbers = ['number', 'uid', 'gid', 'submittedAt'].every((name) => typeof value?.[name] === 'number')
  if (!fitsState || typeof id !== 'string' || !hasNumbers || !asRecord(ask)) throw new Error('not a job record')
  return value as JobRecord
}

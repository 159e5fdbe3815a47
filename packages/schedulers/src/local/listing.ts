import type { End, JobRecord } from './job.ts'
import type { Waiting } from './queue.ts'

/** One job as `list` and `history` print it. Times in Unix ms. */
export interface ListedJob {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly state: 'queued' | 'starting' | 'running' | 'ending' | 'ended'
  readonly reason?: string
  readonly submittedAt: number
  readonly estimatedStartAt?: number
  readonly startedAt?: number
  readonly endsAt?: number
  readonly host?: string
  readonly end?: End
}

/** The document `list` and `history` print. */
export interface Listing {
  readonly complete: boolean
  readonly jobs: readonly ListedJob[]
}

export function toListedJob(job: JobRecord, host: string, waiting?: Waiting): ListedJob {
  const { id, submittedAt, ask } = job
  const base = { id, name: ask.name, owner: ask.account, submittedAt }
  switch (job.state) {
    case 'queued':
      // Without a word from the queue it is about to start: it waits for nothing.
      return { ...base, state: 'queued', ...waiting }
    case 'launching':
      return { ...base, state: 'starting' }
    case 'running': {
      const endsAt = job.startedAt + ask.wallSeconds * 1_000
      return { ...base, state: job.cancel ? 'ending' : 'running', startedAt: job.startedAt, endsAt, host }
    }
    case 'ended': {
      const { startedAt } = job.end
      return { ...base, state: 'ended', ...(startedAt !== undefined && { startedAt }), end: job.end }
    }
  }
}

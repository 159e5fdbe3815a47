/**
 * Everything that may have happened, as far as a line of the history tells: the events of one type whose details are unknown.
 * The history keeps no scheduler's answer and no agent's report, so each detail that decides something is tried.
 */
import { type JobEnd, type JobId, type JobPhase, type JobStatus, toJobId } from '@batchway/schedulers'
import { type ExitFacts, plainOutcome } from '../decide-outcome.ts'
import type { MachineEvent } from '../lifecycle.ts'
import type { Facts, LiveClaim } from '../session.ts'

/** What is known of the moment. */
export interface Known {
  readonly before: Facts
  readonly jobId: JobId | null
  readonly node: string | null
  readonly reason: string | null
  /** Claims that were written down by then. */
  readonly claims: readonly LiveClaim[]
}

const phases: readonly JobPhase[] = ['pending', 'held', 'paused', 'running', 'ending', 'ended', 'unknown']
/** How it ended decides the outcome, and no step: one of each is enough. */
const end: JobEnd = { kind: 'completed' }
const exit: ExitFacts = { why: 'application', exitCode: 0, signal: null, log: [], message: '' }

const claimOf = (facts: Facts): LiveClaim | null => ('claim' in facts ? facts.claim : null)

function* statuses({ before, jobId, node, reason }: Known): Iterable<JobStatus> {
  const restart = claimOf(before)?.restart ?? 0
  // A job that had ended when its lost submit was found left no line with its id.
  const common = { id: jobId ?? toJobId('untold'), name: '', rawState: '', ...(node !== null && { host: node }) }
  for (const phase of phases) {
    for (const restarts of [restart, restart + 1]) {
      const status: JobStatus = { ...common, phase, restarts, ...(reason !== null && { reason }) }
      yield phase === 'ended' ? { ...status, end } : status
      if (phase === 'paused') yield { ...status, startedAt: 1 }
    }
  }
}

/** Events of one type that fit to what is known. */
export function* candidates(type: string, known: Known): Iterable<MachineEvent> {
  const claimId = claimOf(known.before)?.id ?? ''
  switch (type) {
    case 'accepted':
      if (known.jobId !== null) yield { type, jobId: known.jobId }
      return
    case 'refused':
    case 'neverSubmitted':
      yield { type, words: '' }
      return
    case 'resubmitted':
      yield { type, attempt: 0 } // the number is a column of the row, not of its facts
      return
    case 'observed':
      for (const status of statuses(known)) yield { type, status, askedAt: 0 }
      return
    case 'vanished':
      yield { type, end }
      return
    case 'accounted':
      yield { type, end }
      return
    case 'logRead':
      yield { type, lines: [''], place: '' }
      return
    case 'claimed':
      for (const claim of known.claims) yield { type, claim, attempt: 0, at: 0 }
      return
    case 'answered':
      yield { type, claimId, host: '', port: 0 }
      return
    case 'silent':
      yield { type }
      return
    case 'exited':
      // A job that the scheduler told to go may come back, hence both.
      for (const why of ['application', 'stopped'] as const) yield { type, claimId, exit: { ...exit, why } }
      return
    case 'stop':
      yield { type, because: plainOutcome('stopped-by-user') }
  }
}

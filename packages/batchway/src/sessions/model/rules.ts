/**
 * The hub's decisions that are not in the table, as pure functions over the model's facts. The table and `judgeAbsence` are the real ones.
 * Where the room decides between reads and writes, each rule here names what it mirrors, and `conformance.test.ts` puts both
 * before the same cases.
 */
import type { JobPhase } from '@batchway/schedulers'
import { judgeAbsence } from '../judge-absence.ts'
import { step } from '../lifecycle.ts'
import type { Attempt, SessionState } from '../session.ts'

/** What a claim request meets, before the scheduler is asked. */
export interface AdmissionFacts {
  readonly state: SessionState
  /** The last agent of this job was told to go by the scheduler, and this is a later start of it. */
  readonly isStartedAgain: boolean
  readonly isCurrentAttempt: boolean
  /** The attempt's job is another one: the scheduler has shown it, or only the submit has named it. */
  readonly otherJob: 'none' | 'printed' | 'shown'
  /** The claim row of this very request. */
  readonly known: 'none' | 'live' | 'revoked'
  /** The live claim of another process: of the same start of this job or a later one, or of what was before. */
  readonly rival: 'none' | 'same' | 'earlier'
  /** Its agent was heard within the time in which it may live. */
  readonly isRivalHeard: boolean
}
export type Refusal = 'superseded' | 'ended' | 'later'

/** Mirrors `admit` in `claims.ts`. */
export function admit(facts: AdmissionFacts): Refusal | 'new' | 'known' | 'takeover' {
  if (facts.isStartedAgain) return 'later'
  if (facts.state === 'ended' || facts.state === 'stopping') return 'ended'
  if (!facts.isCurrentAttempt || facts.otherJob === 'shown') return 'superseded'
  if (facts.known !== 'none') return facts.known === 'live' ? 'known' : 'superseded'
  if (facts.rival !== 'same') return 'new'
  return facts.isRivalHeard ? 'superseded' : 'takeover'
}

/** What an answer of the scheduler shows of the job that a claim names. */
export interface ShownJob {
  readonly phase: JobPhase
  readonly restarts: 'fewer' | 'same' | 'more'
  /** It has started again since the claim of the agent that is silent. */
  readonly isStartedAnew: boolean
}

/** Mirrors `checkJob` in `claims.ts`, for a job of the right name, account and node. */
export function checkJob(shown: ShownJob | null, isTakeover: boolean): Refusal | null {
  if (shown?.phase !== 'running') return 'later'
  if (shown.restarts !== 'same') return shown.restarts === 'more' ? 'superseded' : 'later'
  return isTakeover && !shown.isStartedAnew ? 'superseded' : null
}

/** A submit that has left no job in a complete answer. */
export interface TraceFacts {
  readonly submit: Attempt['submit']
  /** Its process is gone for so long that the scheduler would show its job, and the scheduler has answered since. */
  readonly isSettled: boolean
  /** Accounting knows a job of this name that has ended. */
  readonly isAccounted: boolean
  /** The job's owner is shown it, though the hub is not. */
  readonly isShownToOwner: boolean
  /** The submit printed an id; lists may be emptied for us, the owner cannot be asked, and nothing says that it is another job's. */
  readonly mayBeHidden: boolean
  readonly isStopping: boolean
  readonly isLastAttempt: boolean
}

/** Mirrors `resolve` and `tagAbsent` in `submitter.ts`. */
export function withoutTrace(facts: TraceFacts): 'wait' | 'submit' | 'ended' | 'accepted' | 'never' | 'again' {
  const { submit, isStopping } = facts
  if (submit === 'prepared') return isStopping ? 'never' : 'submit'
  if (submit !== 'refused') {
    if (!facts.isSettled) return 'wait'
    if (facts.isAccounted) return 'ended'
    if (facts.isShownToOwner) return 'accepted'
    if (facts.mayBeHidden) return 'wait'
  }
  return isStopping || facts.isLastAttempt ? 'never' : 'again'
}

/** Everything the hub decides by; a mutation replaces one of these. */
export const rules = {
  step,
  admit,
  checkJob,
  judgeAbsence,
  withoutTrace,
  /** Mirrors `apply` in `room.ts`: a claim of another attempt than the row's means nothing. */
  claimsNameAttempt: true,
  /** Mirrors `printed` in `submitter.ts`: what a submit prints is a hint, until the scheduler shows a job of our tag. */
  believesPrinted: false,
  /** Mirrors `canceller.ts` and the watchdog, who send a cancel as often as it takes. */
  cancelsJobs: true,
  /** Mirrors `faultOf` in `reconciler.ts`, for jobs of the right owner. */
  isOrphan: (job: { hasEnded: boolean; isEarlierAttempt: boolean; isOtherJob: boolean }): boolean =>
    job.hasEnded || job.isEarlierAttempt || job.isOtherJob,
  /** Does the list answer say that all of it could be read? */
  isComplete: (list: 'whole' | 'cut'): boolean => list === 'whole',
  /** Mirrors `hasSettled` in `submitter.ts`: a submit process that lives is waited for. */
  isQuiet: (isProcessAlive: boolean): boolean => !isProcessAlive,
  /** Mirrors `revoke` in `claims.ts`: only what a session without a claim could still use. */
  mayRevoke: (hasClaim: boolean): boolean => !hasClaim,
  /** Mirrors `insertClaim` in the store: every other live claim is revoked in the same transaction. */
  revokesRivals: true,
  /** Mirrors `runOrder` in `service.ts`: a route is what the row says now, not what it said when the order was given. */
  routesFollowRow: true,
  /** Mirrors `install` in `claims.ts`: the request is admitted again when its turn has come. */
  admitsAgain: true,
}
export type Rules = typeof rules

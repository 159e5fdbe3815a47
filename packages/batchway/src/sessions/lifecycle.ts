/**
 * The session machine: what follows what. Pure: a session's facts and an event in, new facts and orders out.
 * Every order may be carried out twice, so a crash between saving the row and acting costs nothing.
 */
import type { JobEnd, JobId, JobStatus } from '@batchway/schedulers'
import { type ExitFacts, outcomeOfEnd, outcomeOfExit, plainOutcome, refineOutcome, useOf } from './decide-outcome.ts'
import type { Facts, LiveClaim, Outcome, SessionState, Waiting, Warning } from './session.ts'

export type MachineEvent =
  /** The scheduler took the job: the submit said so, or the tag was found. */
  | { readonly type: 'accepted'; readonly jobId: JobId }
  | { readonly type: 'refused'; readonly words: string }
  /** A list call that began at `askedAt` (Unix ms) showed the job. */
  | { readonly type: 'observed'; readonly status: JobStatus; readonly askedAt: number }
  /** The job is proven gone; `end` is what accounting says, if it says anything. */
  | { readonly type: 'vanished'; readonly end: JobEnd | null }
  /** No job came of the submit, and none can come any more. */
  | { readonly type: 'neverSubmitted'; readonly words: string }
  /** No job can come of the last attempt: the next one is submitted. */
  | { readonly type: 'resubmitted'; readonly attempt: number }
  /** @param attempt whose job the agent runs in; the row may have gone on to the next one meanwhile. */
  | { readonly type: 'claimed'; readonly claim: LiveClaim; readonly attempt: number; readonly at: number }
  /** The application answers, and the agent proved its key at this address. */
  | { readonly type: 'answered'; readonly claimId: string; readonly host: string; readonly port: number }
  | { readonly type: 'silent' }
  /** All that the agent announces now; no warnings when what it announced is off. */
  | { readonly type: 'warned'; readonly claimId: string; readonly warnings: readonly Warning[] }
  | { readonly type: 'exited'; readonly claimId: string; readonly exit: ExitFacts }
  /** Somebody or a rule asks the session to end. */
  | { readonly type: 'stop'; readonly because: Outcome }
  /** Accounting of an ended session arrived late. */
  | { readonly type: 'accounted'; readonly end: JobEnd }
  /** The output of an ended session's job was read, or is at least known to be at `place`. */
  | { readonly type: 'logRead'; readonly lines: readonly string[]; readonly place: string }

export type Order = 'cancelJob' | 'addRoute' | 'removeRoute' | 'revokeClaims' | 'askAccounting'

export interface Step {
  readonly facts: Facts
  readonly orders: readonly Order[]
}

type In<S extends SessionState> = Extract<Facts, { state: S }>
type On<E extends MachineEvent['type']> = Extract<MachineEvent, { type: E }>
type Table = {
  readonly [S in SessionState]: { readonly [E in MachineEvent['type']]?: (facts: In<S>, event: On<E>) => Step | null }
}

const to = (facts: Facts, ...orders: Order[]): Step => ({ facts, orders })
const noWaiting: Waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null }

/** Everything that an ended session must not leave behind. */
const end = (outcome: Outcome): Step => to({ state: 'ended', outcome }, 'removeRoute', 'revokeClaims', 'askAccounting')

const waitingOf = (status: JobStatus): Waiting => ({
  hold: status.phase === 'held' ? 'held' : status.phase === 'paused' ? 'paused' : 'none',
  reason: status.reason ?? null,
  wait: status.wait ?? 'normal',
  estimatedStartAt: status.estimatedStartAt ?? null,
})

/** Did this answer see the job in a later life than the claim's? An answer asked for before the claim proves nothing. */
const isRequeued = (status: JobStatus, claim: LiveClaim | null): boolean =>
  (status.phase === 'pending' || status.phase === 'held') && (claim === null || status.restarts > claim.restart)

/** A requeue that no answer showed waiting: the job runs again already, and what ran under the claim is dead. */
const isRestarted = (status: JobStatus, claim: LiveClaim): boolean =>
  (status.phase === 'running' || status.phase === 'paused') && status.restarts > claim.restart

const restarted = (jobId: JobId, status: JobStatus): Facts => ({
  state: 'starting',
  jobId,
  node: status.host ?? null,
  claim: null,
  paused: status.phase === 'paused',
})

/** Schedulers guess anew at every turn: a guess that moves by less than this tells nobody anything. */
const sameGuessMs = 60_000

function observeQueued(facts: In<'queued'>, status: JobStatus): Step | null {
  const next = observeWaiting(facts.jobId, status)
  if (next?.facts.state !== 'queued') return next
  const [before, after] = [facts.waiting.estimatedStartAt, next.facts.waiting.estimatedStartAt]
  if (before === null || after === null || Math.abs(after - before) >= sameGuessMs) return next
  return to({ ...next.facts, waiting: { ...next.facts.waiting, estimatedStartAt: before } })
}

function observeWaiting(jobId: JobId, status: JobStatus): Step | null {
  switch (status.phase) {
    case 'pending':
    case 'held':
      return to({ state: 'queued', jobId, waiting: waitingOf(status) })
    case 'paused':
      return status.startedAt === undefined
        ? to({ state: 'queued', jobId, waiting: waitingOf(status) })
        : to({ state: 'starting', jobId, node: status.host ?? null, claim: null, paused: true })
    case 'running':
      return to({ state: 'starting', jobId, node: status.host ?? null, claim: null, paused: false })
    case 'ended':
      return end(outcomeOfEnd(status.end ?? null, 'unclaimed'))
    default:
      return null
  }
}

function observeStarting(facts: In<'starting'>, { status }: On<'observed'>): Step | null {
  if (isRequeued(status, facts.claim)) {
    return to({ state: 'queued', jobId: facts.jobId, waiting: waitingOf(status) }, 'revokeClaims')
  }
  if (facts.claim && isRestarted(status, facts.claim)) return to(restarted(facts.jobId, status), 'revokeClaims')
  if (status.phase === 'ended') return end(outcomeOfEnd(status.end ?? null, facts.claim ? 'claimed' : 'unclaimed'))
  if (status.phase === 'running' || status.phase === 'paused') {
    return to({ ...facts, node: status.host ?? facts.node, paused: status.phase === 'paused' })
  }
  return null
}

function observeReady(facts: In<'ready'>, { status }: On<'observed'>): Step | null {
  if (isRequeued(status, facts.claim)) {
    return to({ state: 'queued', jobId: facts.jobId, waiting: waitingOf(status) }, 'removeRoute', 'revokeClaims')
  }
  if (isRestarted(status, facts.claim)) return to(restarted(facts.jobId, status), 'removeRoute', 'revokeClaims')
  if (status.phase === 'ended') return end(outcomeOfEnd(status.end ?? null, 'claimed'))
  if (status.phase === 'running' || status.phase === 'paused') {
    return to({ ...facts, paused: status.phase === 'paused' })
  }
  return null
}

/**
 * The scheduler told the agent to go, and nobody here did: it may be about to run the job again. Until it tells what becomes of the job,
 * nothing is decided.
 */
export const isLeftToScheduler = (facts: Facts): facts is In<'stopping'> & { readonly claim: LiveClaim } =>
  facts.state === 'stopping' &&
  facts.claim !== null &&
  facts.because.code === 'cancelled-outside' &&
  facts.because.by === null

function observeStopping(facts: In<'stopping'>, { status }: On<'observed'>): Step | null {
  if (isLeftToScheduler(facts)) {
    const { claim } = facts
    if (isRequeued(status, claim))
      return to({ state: 'queued', jobId: claim.jobId, waiting: waitingOf(status) }, 'revokeClaims')
    if (isRestarted(status, claim)) return to(restarted(claim.jobId, status), 'revokeClaims')
  }
  if (status.phase === 'ended') return end(refineOutcome(facts.because, status.end ?? null))
  if (facts.jobId === null) return to({ ...facts, jobId: status.id }, 'cancelJob')
  return null
}

const stopping =
  (jobId: JobId | null, claim: LiveClaim | null) =>
  (because: Outcome): Step =>
    to({ state: 'stopping', jobId, claim, because }, 'removeRoute', 'cancelJob')

/** The application ended by itself: the agent is on its way out and the job with it; the cancel comes later if the job lingers. */
const leaving = (jobId: JobId, claim: LiveClaim, exit: ExitFacts, wasReady: boolean): Step =>
  to({ state: 'stopping', jobId, claim, because: outcomeOfExit(exit, wasReady) }, 'removeRoute')

/** What only the agent can tell of a session that somebody else ended. */
function withExit(because: Outcome, exit: ExitFacts): Outcome {
  const use = because.use ?? useOf(exit.usage)
  return { ...because, log: because.log.length ? because.log : exit.log, ...(use && { use }) }
}

/** The moment itself moves a little with every report. */
const areSameWarnings = (before: readonly Warning[], after: readonly Warning[]): boolean =>
  before.length === after.length &&
  before.every(({ about, limitSeconds, endsAt }) =>
    after.some(
      (one) => one.about === about && one.limitSeconds === limitSeconds && Math.abs(one.endsAt - endsAt) < sameGuessMs,
    ),
  )

const startingWith = (claim: LiveClaim): Facts => ({
  state: 'starting',
  jobId: claim.jobId,
  node: claim.node,
  claim,
  paused: false,
})

const table: Table = {
  submitting: {
    accepted: (_, e) => to({ state: 'queued', jobId: e.jobId, waiting: noWaiting }),
    refused: (_, e) => end(plainOutcome('rejected', { words: e.words })),
    neverSubmitted: (_, e) => end(plainOutcome('lost', { words: e.words })),
    resubmitted: (s) => to(s),
    observed: (_, e) => observeWaiting(e.status.id, e.status),
    // The job runs although the submit's reply was lost.
    claimed: (_, e) => to(startingWith(e.claim)),
    // The id was kept, and the hub died before it could say so here.
    vanished: (_, e) => end(outcomeOfEnd(e.end, 'unclaimed')),
    stop: (_, e) => to({ state: 'stopping', jobId: null, claim: null, because: e.because }),
  },
  queued: {
    observed: (s, e) => observeQueued(s, e.status),
    claimed: (_, e) => to(startingWith(e.claim)),
    vanished: (_, e) => end(outcomeOfEnd(e.end, 'unclaimed')),
    stop: (s, e) => stopping(s.jobId, null)(e.because),
  },
  starting: {
    observed: observeStarting,
    claimed: (_, e) => to(startingWith(e.claim)),
    answered: (s, e) =>
      s.claim?.id === e.claimId
        ? to(
            {
              state: 'ready',
              jobId: s.jobId,
              node: s.claim.node,
              claim: s.claim,
              target: { host: e.host, port: e.port },
              reachable: true,
              paused: false,
            },
            'addRoute',
          )
        : null,
    exited: (s, e) => (s.claim?.id === e.claimId ? leaving(s.jobId, s.claim, e.exit, false) : null),
    vanished: (s, e) => end(outcomeOfEnd(e.end, s.claim ? 'claimed' : 'unclaimed')),
    stop: (s, e) => stopping(s.jobId, s.claim)(e.because),
  },
  ready: {
    observed: observeReady,
    claimed: (_, e) => to(startingWith(e.claim), 'removeRoute'),
    answered: (s, e) =>
      s.claim.id === e.claimId
        ? to({ ...s, target: { host: e.host, port: e.port }, reachable: true }, 'addRoute')
        : null,
    silent: (s) => to({ ...s, reachable: false }, 'removeRoute'),
    warned: (s, e) =>
      s.claim.id === e.claimId && !areSameWarnings(s.warnings ?? [], e.warnings)
        ? to({ ...s, warnings: e.warnings })
        : null,
    exited: (s, e) => (s.claim.id === e.claimId ? leaving(s.jobId, s.claim, e.exit, true) : null),
    vanished: (_, e) => end(outcomeOfEnd(e.end, 'claimed')),
    stop: (s, e) => stopping(s.jobId, s.claim)(e.because),
  },
  stopping: {
    accepted: (s, e) => (s.jobId === null ? to({ ...s, jobId: e.jobId }, 'cancelJob') : null),
    refused: (s) => end(s.because),
    neverSubmitted: (s) => end(s.because),
    observed: observeStopping,
    exited: (s, e) => (s.claim?.id === e.claimId ? to({ ...s, because: withExit(s.because, e.exit) }) : null),
    vanished: (s, e) => end(refineOutcome(s.because, e.end)),
    // Whoever presses Stop now does not want it to come back.
    stop: (s, e) => (isLeftToScheduler(s) ? stopping(s.jobId, s.claim)(e.because) : null),
  },
  ended: {
    // The list may have told the end already; accounting adds who cancelled it and what it used.
    accounted: (s, e) =>
      s.outcome.accounting?.maxMemoryMiB === undefined
        ? to({ state: 'ended', outcome: refineOutcome(s.outcome, e.end) })
        : null,
    // What an agent told stays.
    logRead: (s, e) =>
      s.outcome.log.length === 0
        ? to({ state: 'ended', outcome: { ...s.outcome, log: e.lines, logPlace: e.place } })
        : null,
  },
}

/** @returns the step to take, or null when the event means nothing in this state (the caller logs it at debug and moves on). */
export function step(facts: Facts, event: MachineEvent): Step | null {
  // The table is typed per cell; TypeScript cannot follow the pair (state, type) through the look-up.
  const row: { readonly [E in MachineEvent['type']]?: unknown } = table[facts.state]
  const rule = row[event.type] as ((facts: Facts, event: MachineEvent) => Step | null) | undefined
  return rule?.(facts, event) ?? null
}

/** Which events mean something in which state: for the model checker and for the documentation. */
export const knownEvents: Readonly<Record<SessionState, readonly string[]>> = Object.fromEntries(
  Object.entries(table).map(([state, row]) => [state, Object.keys(row)]),
) as Record<SessionState, string[]>

/**
 * What a hub may do next in the world of one session. Each move ends at a write or a call: between any two of them the hub may
 * die, and its other work goes on.
 */
import { plainOutcome } from '../decide-outcome.ts'
import { isLeftToScheduler } from '../lifecycle.ts'
import { claimMoves } from './claim-moves.ts'
import { apply, move, revokeAll, type WorldMove, withAttempt, withHub } from './moves.ts'
import { pollMoves } from './poll-moves.ts'
import type { Rules } from './rules.ts'
import { submitMoves } from './submit-moves.ts'
import {
  attemptRow,
  claimOf,
  type Hub,
  isLiving,
  jobOf,
  newHub,
  submitTask,
  type World,
  wantedRoute,
  without,
} from './world.ts'

export function hubMoves(world: World, rules: Rules): WorldMove[] {
  const { hub } = world
  if (!hub) return [boot(world, rules)]
  return [
    ...submitMoves(world, hub, rules),
    ...pollMoves(world, hub, rules),
    ...claimMoves(world, hub, rules),
    ...orderMoves(world, hub, rules),
    ...watchMoves(world, hub, rules),
    ...stopMoves(world, hub, rules),
  ]
}

/** Mirrors `adopt` in `service.ts` and `recover` in `submitter.ts`. */
function boot(world: World, rules: Rules): WorldMove {
  const { facts, attempt } = world
  const row = attemptRow(world)
  const isSubmitting = facts.state === 'submitting'
  const hub: Hub = {
    ...newHub,
    wanted: wantedRoute(world),
    submit: isSubmitting && row.submit === 'prepared' ? submitTask(attempt) : null,
  }
  const isBare = facts.state === 'queued' || (facts.state === 'starting' && facts.claim === null)
  const disarmed: Hub = isBare ? { ...hub, batches: [{ orders: ['disarm'], ready: null }] } : hub
  const up = { ...world, hub: disarmed }
  const isAccepted = isSubmitting && row.isSeen
  const to = isAccepted && row.jobId !== null ? apply(up, rules, { type: 'accepted', jobId: row.jobId }) : up
  return move('hub', `another hub comes up and adopts a session that is ${facts.state}`, to)
}

/** Mirrors `runOrder` in `service.ts` and `route-keeper.ts`. */
function orderMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  const moves = hub.batches.flatMap((batch): WorldMove[] => {
    const [order, ...rest] = batch.orders
    if (!order) return []
    const others = without(hub.batches, batch)
    const batches = rest.length > 0 ? [...others, { ...batch, orders: rest }] : others
    switch (order) {
      case 'disarm':
      case 'revokeClaims': {
        if (hub.claims.some(({ step }) => step === 'grant' || step === 'apply')) return [] // not its turn
        const done = withHub(world, hub, { batches })
        const may = rules.mayRevoke(world.facts.state !== 'ended' && claimOf(world.facts) !== null)
        if (order === 'disarm') return [move('hub', 'old tokens are revoked', may ? { ...done, token: null } : done)]
        return [move('hub', may ? 'claims are revoked' : 'the new claim is left alone', may ? revokeAll(done) : done)]
      }
      default: {
        const wanted = order === 'route' ? wantedRoute(world) : order === 'addRoute' ? batch.ready : null
        const words = wanted === null ? 'no route is wanted' : `a route to ${wanted} is wanted`
        return [move('hub', words, withHub(world, hub, { batches, wanted }))]
      }
    }
  })
  return moves
}

/** Mirrors `watchdog.ts`, `canceller.ts`, `accountant.ts` and the proof in `reports.ts`. */
function watchMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  const { facts, agents, jobs } = world
  const moves: WorldMove[] = []
  const job = jobs.find(({ id }) => id === jobOf(facts))
  const claim = claimOf(facts)
  const stop = (code: 'hub-not-reachable' | 'never-ready'): World =>
    apply(world, rules, { type: 'stop', because: plainOutcome(code) })
  if (facts.state === 'starting' && !facts.paused) {
    const isHopeless = claim
      ? !agents.some(({ id }) => id === claim.id)
      : !agents.some(({ jobId }) => jobId === facts.jobId)
    if (isHopeless)
      moves.push(move('hub', 'the start takes too long', stop(claim ? 'never-ready' : 'hub-not-reachable')))
  }
  if (facts.state === 'ready' && facts.reachable && !facts.paused) {
    const isHeard = agents.some(({ id, isRunning }) => isRunning && id === claim?.id) && job?.phase === 'running'
    if (!isHeard) moves.push(move('hub', 'nobody hears the agent', apply(world, rules, { type: 'silent' })))
  }
  // A job that is to run again is shown as such long before the watchdog loses its patience with it.
  const isAwaited = isLeftToScheduler(facts) && job?.phase === 'pending'
  if (facts.state === 'stopping' && facts.jobId !== null && rules.cancelsJobs && !isAwaited) {
    const isKnown = job !== undefined && isLiving(job)
    const ending = jobs.map((each) => (each === job ? { ...each, phase: 'ending' as const } : each))
    const to = isKnown ? { ...world, jobs: ending } : withHub(world, hub, { isDenied: true })
    moves.push(move('hub', isKnown ? 'the job is cancelled' : 'the scheduler says that there is no such job', to))
  }
  if (hub.proof !== null) {
    const asked = withHub(world, hub, { proof: null })
    const answers = agents.some(({ id, isRunning }) => isRunning && id === hub.proof)
    if (answers)
      moves.push(
        move(
          'hub',
          'the agent proves its key',
          apply(asked, rules, { type: 'answered', claimId: hub.proof, host: 'n1', port: 1 }),
        ),
      )
    moves.push(move(answers ? 'fault' : 'hub', 'the agent cannot be reached', asked))
  }
  return moves
}

/** Mirrors `stop` and `withdraw`: in every state, at any moment. */
function stopMoves(world: World, _: Hub, rules: Rules): WorldMove[] {
  const moved = apply(world, rules, { type: 'stop', because: plainOutcome('stopped-by-user', { by: 'alice' }) })
  const { facts, hub, attempt } = moved
  if (facts.state === 'ended' || !hub) return []
  const mayWithdraw =
    facts.state === 'stopping' && facts.jobId === null && hub.submit === null && attemptRow(moved).submit === 'prepared'
  const to = mayWithdraw
    ? withHub(withAttempt(moved, attempt, { submit: 'refused' }), hub, {
        submit: { ...submitTask(attempt), step: 'never' },
      })
    : moved
  return [move('user', 'the user presses Stop', to)]
}

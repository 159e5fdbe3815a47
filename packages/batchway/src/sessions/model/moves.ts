/** What all moves in the world of one session are made of. */
import type { JobStatus } from '@batchway/schedulers'
import type { MachineEvent, Step } from '../lifecycle.ts'
import type { Move } from './explore.ts'
import type { Rules } from './rules.ts'
import type { AttemptRow, Batch, Hub, Job, World } from './world.ts'

/** `hub`, `scheduler` and `agent` moves are bound to happen; `walltime` too, after hours; the others may or may not. */
export type Kind = 'hub' | 'scheduler' | 'agent' | 'walltime' | 'user' | 'fault'
export type WorldMove = Move<World, Kind>

export const move = (kind: Kind, name: string, to: World): WorldMove => ({ kind, name, to })
export const withHub = (world: World, hub: Hub, change: Partial<Hub>): World => ({
  ...world,
  hub: { ...hub, ...change },
})
export const withAttempt = (world: World, number: number, change: Partial<AttemptRow>): World => ({
  ...world,
  attempts: world.attempts.map((row, index) => (index === number - 1 ? { ...row, ...change } : row)),
})

export const statusOf = ({ id, phase, restart }: Job): JobStatus => ({
  id,
  name: '',
  phase,
  rawState: '',
  restarts: restart,
  ...((phase === 'running' || phase === 'paused') && { host: 'n1', startedAt: 1 }),
  ...(phase === 'ended' && { end: { kind: 'completed' } }),
})

/** Mirrors `apply` in `room.ts`: the row is saved; the orders follow, and may be overtaken by those of a later change. */
export function apply(world: World, rules: Rules, event: MachineEvent): World {
  const { hub } = world
  const next = rules.step(world.facts, event)
  if (!next || !hub) return world
  const { facts } = next
  const batch = batchOf(next, rules)
  const isNews = batch.orders.length > 0 && !hub.batches.some((other) => textOf(other) === textOf(batch))
  const isSubmitOpen = facts.state === 'submitting' || facts.state === 'stopping'
  return withHub({ ...world, facts, attempt: event.type === 'resubmitted' ? event.attempt : world.attempt }, hub, {
    batches: isNews ? [...hub.batches, batch].sort(byText) : hub.batches,
    quiet: isSubmitOpen ? hub.quiet : 'no',
  })
}

/** The others are left out: a cancel is repeated for as long as the session is stopping, and accounting adds words to an end. */
function batchOf({ facts, orders }: Step, { routesFollowRow }: Rules): Batch {
  const kept = orders.flatMap((order): Batch['orders'] => {
    if (order === 'revokeClaims') return [order]
    if (order !== 'addRoute' && order !== 'removeRoute') return []
    return [routesFollowRow ? 'route' : order]
  })
  const needsRow = kept.includes('addRoute') && facts.state === 'ready'
  return { orders: kept, ready: needsRow ? facts.claim.id : null }
}

const textOf = (batch: Batch): string => JSON.stringify(batch)
const byText = (a: Batch, b: Batch): number => (textOf(a) < textOf(b) ? -1 : 1)

export const revokeAll = (world: World): World => ({
  ...world,
  token: null,
  claims: world.claims.map((claim) => ({ ...claim, isLive: false })),
})

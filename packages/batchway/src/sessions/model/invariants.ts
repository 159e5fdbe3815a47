/** What must hold in the world of a session, whatever happens. */
import { isLeftToScheduler } from '../lifecycle.ts'
import { outcomeWords } from '../outcomes.ts'
import { type Outcome, outcomeCodes, type Session } from '../session.ts'
import { sampleSpec } from '../testing/bench.ts'
import type { Model } from './explore.ts'
import type { Kind } from './moves.ts'
import { claimOf, isLiving, jobOf, type World } from './world.ts'

type SessionModel = Model<World, Kind>

const always: SessionModel['always'] = {
  'one application': ({ agents }) => {
    // What the scheduler has given up, the hub can only refuse.
    const running = agents.filter(({ isRunning, isZombie }) => isRunning && !isZombie)
    return running.length > 1 ? `${running.map(({ id }) => id).join(' and ')} run at once` : null
  },
  'one job at a time': ({ jobs }) => {
    const living = jobs.filter((job) => isLiving(job) && !job.isLate)
    return living.length > 1 ? `${living.map(({ id, phase }) => `${id} is ${phase}`).join(', ')}` : null
  },
  'one set of credentials': ({ claims }) => {
    const live = claims.filter(({ isLive }) => isLive)
    return live.length > 1 ? `the claims ${live.map(({ id }) => id).join(' and ')} are live` : null
  },
  'an ended session has no living job': ({ facts, jobs, attempt }) => {
    if (facts.state !== 'ended') return null
    const job = jobs.find((each) => each.attempt === attempt && isLiving(each) && !each.isLate)
    return job ? `ended as ${facts.outcome.code} while ${job.id} is ${job.phase}` : null
  },
  'a route leads to the claim that lives': ({ facts, hub }) => {
    if (!hub || hub.wanted === null || hub.batches.length > 0) return null // before the orders of the last change are carried out
    const isWanted = facts.state === 'ready' && facts.reachable && facts.claim.id === hub.wanted
    return isWanted ? null : `a route to ${hub.wanted} is wanted while the session is ${facts.state}`
  },
  'the claim that the row names is worth something': ({ facts, hub, claims }) => {
    const claim = claimOf(facts)
    if (!hub || !claim || facts.state === 'stopping' || claims.some(({ isLive }) => isLive)) return null
    return `${claim.id} is named by a session that is ${facts.state}, and no claim is live`
  },
  'what no row names is worth nothing': ({ facts, hub, claims, token, hasDied }) => {
    if (!hub || hub.batches.length > 0 || hub.claims.length > 0 || claimOf(facts)) return null
    // An ended session's token is not looked up, a stopping one ends; and what a hub that died told nobody, nobody can use.
    if (hasDied && (facts.state === 'ended' || facts.state === 'stopping')) return null
    const isKnown = claims.some(({ id, isTold }) => id === token && isTold)
    const live = hasDied ? (isKnown ? token : null) : (claims.find(({ isLive }) => isLive)?.id ?? token)
    return live === null ? null : `${live} is live while the session is ${facts.state}`
  },
  'the application that the row names is the one that was told': ({ facts, agents }) => {
    const running = agents.find(({ isRunning, isZombie }) => isRunning && !isZombie)
    const claim = claimOf(facts)
    if (!running || !claim || facts.state !== 'ready') return null
    return running.jobId === claim.jobId && running.jobId === jobOf(facts)
      ? null
      : `${running.id} runs, ${claim.id} is ready`
  },
}

const steps: SessionModel['steps'] = {
  'a stop is heard in every state': (_, { kind, name, to: { facts } }) =>
    kind === 'user' && name.includes('Stop') && facts.state !== 'stopping' && facts.state !== 'ended'
      ? `it is still ${facts.state}`
      : null,
  'always explained': (_, { to: { facts } }) => (facts.state === 'ended' ? unexplained(facts.outcome) : null),
  'ended is for ever': ({ facts }, { to }) =>
    facts.state === 'ended' && to.facts.state !== 'ended' ? `an ended session is ${to.facts.state} again` : null,
  'a start that the scheduler repeats is not sent away': ({ facts, agents }, { kind, to }) => {
    if (!isLeftToScheduler(facts) || (kind !== 'agent' && kind !== 'hub')) return null
    const gone = agents.find(
      (agent) => agent.restart > facts.claim.restart && !to.agents.some(({ id }) => id === agent.id),
    )
    return gone ? `${gone.id} leaves while it is not known whether the job runs again` : null
  },
  'a list that is not complete ends nothing': ({ facts }, { name, to }) =>
    name.startsWith('an incomplete list') && to.facts.state !== facts.state
      ? `${facts.state} became ${to.facts.state}`
      : null,
}

const isOver = ({ facts, hub, jobs, agents, senders }: World): boolean =>
  facts.state === 'ended' &&
  hub !== null &&
  hub.wanted === null &&
  agents.length === 0 &&
  senders.length === 0 &&
  !jobs.some(isLiving)

const leadsTo: SessionModel['leadsTo'] = {
  'no zombie, no orphan: everything ends by itself': {
    from: () => true,
    goal: isOver,
    by: ['hub', 'scheduler', 'agent', 'walltime'],
  },
  'a stop ends the job, without waiting for its walltime': {
    from: ({ facts }) => facts.state === 'stopping',
    goal: ({ facts, jobs, attempt }) =>
      facts.state === 'ended' && !jobs.some((job) => job.attempt === attempt && isLiving(job)),
    by: ['hub', 'scheduler', 'agent'],
  },
  'a stop takes a job that waits out of the queue': {
    from: ({ facts, jobs }) =>
      facts.state === 'stopping' && jobs.some(({ id, phase }) => id === facts.jobId && phase === 'pending'),
    goal: ({ facts, jobs }) =>
      facts.state !== 'stopping' || !jobs.some(({ id, phase }) => id === facts.jobId && phase === 'pending'),
    by: ['hub'],
  },
  'what is ready and reachable gets its route': {
    from: ({ facts }) => facts.state === 'ready' && facts.reachable,
    goal: ({ facts, hub }) => facts.state !== 'ready' || hub?.wanted === facts.claim.id,
    by: ['hub'],
  },
  'a start that the scheduler repeats is followed': {
    from: ({ facts, jobs }) =>
      facts.state === 'stopping' &&
      facts.because.code === 'cancelled-outside' &&
      jobs.some(({ id, phase, restart }) => id === facts.jobId && phase === 'pending' && restart > 0),
    goal: ({ facts }) => facts.state === 'ready',
    by: ['hub', 'scheduler', 'agent'],
  },
  'a job that runs is not left unused: its application gets ready': {
    from: ({ facts, jobs }) =>
      facts.state === 'queued' && jobs.some(({ id, phase }) => id === facts.jobId && phase === 'pending'),
    goal: ({ facts }) => facts.state === 'ready',
    by: ['hub', 'scheduler', 'agent'],
  },
}

const sample: Session = {
  id: 'abcdefghj',
  userId: 1,
  userName: 'alice',
  serverName: '',
  account: 'alice',
  spec: sampleSpec(),
  facts: { state: 'submitting' },
  attempt: 1,
  version: 1,
  createdAt: 0,
  submittedAt: null,
  startedAt: null,
  readyAt: null,
  endedAt: 0,
  endsAt: null,
  lastActivityAt: null,
}

/** Words do not depend on the session, only whether there are any. */
const explained = new Map<string, string | null>()
const say = { clock: String, memory: String, duration: String }
function unexplained(outcome: Outcome): string | null {
  const known = explained.get(outcome.code)
  if (known !== undefined) return known
  const isCode = outcomeCodes.some((code) => code === outcome.code)
  const sentence = isCode ? outcomeWords(outcome, sample, say).sentence : ''
  const words = sentence === '' ? `the outcome ${outcome.code} has no sentence` : null
  explained.set(outcome.code, words)
  return words
}

export const invariants = { always, steps, leadsTo }

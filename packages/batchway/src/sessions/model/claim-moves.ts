/** How a hub works on claim requests: mirrors `claims.ts`. What is asked for again, and what overtakes what, is all in here. */
import type { JobPhase } from '@batchway/schedulers'
import { isLeftToScheduler } from '../lifecycle.ts'
import { apply, move, revokeAll, type WorldMove, withAttempt, withHub } from './moves.ts'
import type { Refusal, Rules, ShownJob } from './rules.ts'
import {
  type Agent,
  attemptRow,
  type ClaimRow,
  type ClaimTask,
  claimOf,
  type Hub,
  type Job,
  replaced,
  type World,
  without,
} from './world.ts'

const agentOf = (world: World, { request }: ClaimTask): Agent | undefined =>
  world.agents.find(({ id }) => id === request.id)
const inTurn = ({ step }: ClaimTask): boolean => step === 'grant' || step === 'apply'

/** The rows of the claim and what stands against it. @param isHeard whether the agent of a rival was heard of late. */
function admission(
  world: World,
  request: ClaimTask['request'],
  rules: Rules,
  isHeard: boolean,
): ReturnType<Rules['admit']> {
  const own = world.claims.find(({ id }) => id === request.id)
  const rival = world.claims.find(({ id, isLive }) => isLive && id !== request.id)
  const isSameLife = rival?.jobId === request.jobId && rival.restart >= request.restart
  const { jobId, isSeen } = attemptRow(world)
  const isOther = jobId !== null && jobId !== request.jobId
  const { facts } = world
  return rules.admit({
    state: facts.state,
    isStartedAgain:
      isLeftToScheduler(facts) && facts.claim.jobId === request.jobId && facts.claim.restart < request.restart,
    isCurrentAttempt: request.attempt === world.attempt,
    otherJob: isOther ? (isSeen ? 'shown' : 'printed') : 'none',
    known: own ? (own.isLive ? 'live' : 'revoked') : 'none',
    rival: rival ? (isSameLife ? 'same' : 'earlier') : 'none',
    isRivalHeard: isHeard,
  })
}

/** An agent that is refused for good leaves, and its job with it unless another of its processes goes on. */
export function leave(world: World, agent: Agent): World {
  const agents = without(world.agents, agent)
  const isShared = agents.some(({ jobId, restart }) => jobId === agent.jobId && restart === agent.restart)
  const ends = ({ id, phase, restart }: Job): boolean =>
    id === agent.jobId && restart === agent.restart && (phase === 'running' || phase === 'paused')
  const jobs =
    isShared || agent.isZombie
      ? world.jobs
      : world.jobs.map((job) => (ends(job) ? { ...job, phase: 'ending' as JobPhase } : job))
  return { ...world, agents, jobs }
}

function shownIn(jobs: readonly Job[], request: ClaimTask['request']): ShownJob | null {
  const job = jobs.find(({ id }) => id === request.jobId)
  if (!job) return null
  const restarts = job.restart === request.restart ? 'same' : job.restart > request.restart ? 'more' : 'fewer'
  // A scheduler that counts starts shows each of them once.
  return { phase: job.phase, restarts, isStartedAnew: restarts === 'more' }
}

/** A request reaches the hub: what can be told at once is told. */
export function requestMoves(world: World, agent: Agent, rules: Rules, words: string): WorldMove[] {
  const { hub } = world
  if (!hub) return []
  const verdicts = new Set([admission(world, agent, rules, true), admission(world, agent, rules, false)])
  return [...verdicts].map((verdict) => {
    if (isRefusal(verdict)) return refused(world, agent, verdict, words)
    const isHeld = verdict === 'known' && claimOf(world.facts)?.id === agent.id
    const step = isHeld ? 'reply' : 'check'
    return move(
      'agent',
      `${words} (${agent.id})`,
      withHub(world, hub, { claims: [...hub.claims, { request: requestOf(agent), step }] }),
    )
  })
}

const isRefusal = (verdict: ReturnType<Rules['admit']>): verdict is Refusal =>
  verdict === 'ended' || verdict === 'superseded' || verdict === 'later'

/** A refusal that does not arrive is given again to the next request. */
function refused(world: World, agent: Agent | undefined, refusal: Refusal, words: string): WorldMove {
  if (refusal === 'later' || !agent || agent.isRunning) return move('agent', `${words}: ${refusal}`, world)
  return move('agent', `${words}: ${refusal}, ${agent.id} leaves`, leave(world, agent))
}

export function claimMoves(world: World, hub: Hub, rules: Rules): WorldMove[] {
  return hub.claims.flatMap((task) => taskMoves(world, hub, task, rules))
}

function taskMoves(world: World, hub: Hub, task: ClaimTask, rules: Rules): WorldMove[] {
  const { request } = task
  const { id, jobId, restart } = request
  // It may be gone meanwhile: the hub goes on with the request all the same.
  const agent = agentOf(world, task)
  const on = (step: ClaimTask['step'], from = world): World =>
    withHub(from, from.hub ?? hub, { claims: replaced(hub.claims, task, { ...task, step }) })
  const over = (from: World): World => withHub(from, from.hub ?? hub, { claims: without(hub.claims, task) })
  switch (task.step) {
    case 'check': {
      const own = world.claims.find((claim) => claim.id === id)
      const isTakeover = !own && world.claims.some((claim) => claim.isLive && isSameLife(claim, request))
      const fresh = shownIn(world.jobs, request)
      const stale = shownIn(hub.answer?.jobs ?? [], request)
      const isStaleGood = stale?.phase === 'running' && stale.restarts === 'same'
      const verdicts = new Set((isStaleGood ? [fresh, stale] : [fresh]).map((job) => rules.checkJob(job, isTakeover)))
      return [...verdicts].map((verdict) =>
        verdict === null
          ? move('hub', `the scheduler shows the job of ${id} running`, on('turn'))
          : refused(over(world), agent, verdict, `the claim of ${id} is checked`),
      )
    }
    case 'turn': {
      if (hub.claims.some(inTurn)) return []
      const verdict = rules.admitsAgain ? admission(world, request, rules, true) : 'new'
      if (isRefusal(verdict)) return [refused(over(world), agent, verdict, `the turn of ${id}`)]
      if (verdict === 'known') return [move('hub', `the claim of ${id} is written already`, on('grant'))]
      const noted = attemptRow(world).isSeen
        ? world
        : withAttempt(world, world.attempt, { jobId, submit: 'accepted', isSeen: true })
      const before = rules.revokesRivals ? noted.claims.map((each) => ({ ...each, isLive: false })) : noted.claims
      const claims = [...before, { id, jobId, restart, isLive: true, isTold: false }]
      return [move('hub', `the claim of ${id} is written`, on('grant', { ...noted, claims }))]
    }
    case 'grant':
      return [move('hub', `credentials for ${id}`, on('apply', { ...world, token: id }))]
    case 'apply': {
      if (claimOf(world.facts)?.id === id) return [move('hub', `${id} holds the claim already`, on('reply'))]
      const isCurrent = request.attempt === world.attempt || !rules.claimsNameAttempt
      const claim = { id, jobId, restart, node: 'n1' }
      const moved = isCurrent ? apply(world, rules, { type: 'claimed', claim, attempt: request.attempt, at: 0 }) : world
      if (claimOf(moved.facts)?.id === id) return [move('hub', `${id} has won the claim`, on('reply', moved))]
      return [refused(over(revokeAll(world)), agent, 'ended', `the claim of ${id} came too late`)]
    }
    case 'reply': {
      if (!agent || agent.isRunning) return [move('hub', `nobody waits for the reply to ${id}`, over(world))]
      const agents = replaced(world.agents, agent, { ...agent, isRunning: true })
      const claims = world.claims.map((claim) => (claim.id === id ? { ...claim, isTold: true } : claim))
      const won = move('hub', `${id} starts its application`, { ...over(world), agents, claims })
      const { budget } = world
      if (budget.losses === 0) return [won]
      const lost = { ...over(world), budget: { ...budget, losses: budget.losses - 1 } }
      return [won, move('fault', `the reply to ${id} is lost`, lost)]
    }
  }
}

const requestOf = ({ id, jobId, attempt, restart }: Agent): ClaimTask['request'] => ({ id, jobId, attempt, restart })

const isSameLife = (claim: ClaimRow, { jobId, restart }: ClaimTask['request']): boolean =>
  claim.jobId === jobId && claim.restart >= restart

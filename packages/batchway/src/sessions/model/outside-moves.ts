/** What happens outside a hub: submit commands, the scheduler, nodes and agents, and everything that may go wrong there. */

import type { JobId } from '@batchway/schedulers'
import type { ExitFacts } from '../decide-outcome.ts'
import { leave, requestMoves } from './claim-moves.ts'
import { apply, move, type WorldMove, withAttempt, withHub } from './moves.ts'
import type { Rules } from './rules.ts'
import {
  type Agent,
  type Budget,
  claimOf,
  type Job,
  jobName,
  otherJob,
  replaced,
  type Sender,
  type World,
  without,
} from './world.ts'

const exit: ExitFacts = { why: 'application', exitCode: 0, signal: null, log: [], message: '' }

const spend = (world: World, what: keyof Budget): World => ({
  ...world,
  budget: { ...world.budget, [what]: world.budget[what] - 1 },
})

export function outsideMoves(world: World, rules: Rules): WorldMove[] {
  const moves = [
    ...world.senders.flatMap((sender) => senderMoves(world, sender, rules)),
    ...world.jobs.flatMap((job) => jobMoves(world, job, rules)),
    ...world.agents.flatMap((agent) => agentMoves(world, agent, rules)),
  ]
  if (world.hub && world.budget.crashes > 0) moves.push(crash(world))
  if (world.isBlind) moves.push(move('scheduler', 'the lists show everything again', { ...world, isBlind: false }))
  else if (world.budget.blinds > 0 && world.facts.state !== 'ended')
    moves.push(move('fault', 'the lists are emptied for us', { ...spend(world, 'blinds'), isBlind: true }))
  return moves
}

/** Rows, jobs, agents and the proxy's table stay; whatever the hub was at is gone. */
function crash(world: World): WorldMove {
  const senders = world.senders.map((sender) => ({ ...sender, isHeard: false }))
  return move('fault', 'the hub is killed', {
    ...spend(world, 'crashes'),
    hasDied: true,
    hub: null,
    senders: senders.filter(isWorthKeeping),
  })
}

const isWorthKeeping = ({ isAlive, request }: Sender): boolean => isAlive || request === 'taken'

function senderMoves(world: World, sender: Sender, rules: Rules): WorldMove[] {
  const { attempt, isAlive, request, isHeard } = sender
  const { hub } = world
  const moves: WorldMove[] = []
  const is = (change: Partial<Sender>): World => {
    const after = { ...sender, ...change }
    return {
      ...world,
      senders: isWorthKeeping(after) ? replaced(world.senders, sender, after) : without(world.senders, sender),
    }
  }
  if (isAlive && request === 'unsent') {
    moves.push(move('scheduler', `submit ${attempt}: the scheduler has the request`, is({ request: 'taken' })))
    moves.push(move('fault', `submit ${attempt}: the scheduler refuses`, is({ request: 'refused' })))
  }
  if (request === 'taken') {
    const job: Job = { id: jobName(attempt), attempt, phase: 'pending', restart: 0, isLate: sender.isLate }
    moves.push(
      move('scheduler', `submit ${attempt} becomes ${job.id}`, {
        ...is({ request: 'job' }),
        jobs: [...world.jobs, job],
      }),
    )
    if (world.budget.losses > 0) {
      const forgets = spend(is({ request: 'refused' }), 'losses')
      moves.push(move('fault', `submit ${attempt}: the scheduler forgets the request`, forgets))
    }
  }
  if (!isAlive) return moves
  if (!isHeard)
    return [...moves, move('scheduler', `the submit command ${attempt} ends, unheard`, is({ isAlive: false }))]
  if (!hub?.submit || hub.submit.attempt !== attempt || hub.submit.step !== 'wait') return moves
  const task = hub.submit
  const ends = is({ isAlive: false })
  const id = jobName(attempt)
  if (request === 'job')
    moves.push(move('scheduler', `submit ${attempt} prints ${id}`, printed(ends, attempt, id, rules)))
  if (request !== 'refused' && world.budget.lies > 0) {
    const lied = printed(
      spend(request === 'unsent' ? is({ isAlive: false, request: 'refused' }) : ends, 'lies'),
      attempt,
      otherJob,
      rules,
    )
    const what = request === 'unsent' ? ', and has sent nothing' : ''
    moves.push(move('fault', `submit ${attempt} prints ${otherJob}${what}`, lied))
  }
  if (request === 'refused') {
    const noted = withAttempt(ends, attempt, { submit: 'refused' })
    moves.push(
      move(
        'scheduler',
        `submit ${attempt} prints a refusal`,
        withHub(noted, hub, { submit: { ...task, step: 'refused' } }),
      ),
    )
  }
  const unclear = (from: World): World =>
    withHub(withAttempt(from, attempt, { submit: 'unclear' }), hub, { submit: null, quiet: 'since' })
  if (world.budget.losses > 0) {
    moves.push(move('fault', `submit ${attempt} is ended without a reply`, spend(unclear(ends), 'losses')))
    const lives = spend(unclear(is({ isHeard: false })), 'losses')
    moves.push(move('fault', `submit ${attempt} gives no reply and cannot be ended`, lives))
  }
  if (world.budget.delays > 0 && request === 'taken') {
    const late = spend(unclear(is({ isAlive: false, isLate: true })), 'delays')
    moves.push(move('fault', `submit ${attempt} is ended; the scheduler keeps it longer than anybody waits`, late))
  }
  return moves
}

/** Mirrors `printed` in `submitter.ts`. */
function printed(world: World, attempt: number, jobId: JobId, rules: Rules): World {
  const { hub } = world
  if (!hub) return world
  const row = world.attempts[attempt - 1]
  const noted = row?.jobId === null ? withAttempt(world, attempt, { jobId, submit: 'accepted' }) : world
  const to = withHub(noted, hub, { submit: null })
  if (!rules.believesPrinted) return to
  return apply(withAttempt(to, attempt, { isSeen: true }), rules, { type: 'accepted', jobId })
}

function jobMoves(world: World, job: Job, rules: Rules): WorldMove[] {
  const { id, restart, attempt, phase } = job
  const is = (change: Partial<Job>, from = world): World => ({
    ...from,
    jobs: from.jobs.map((each) => (each.id === id ? { ...each, ...change } : each)),
  })
  const inJob = (agent: Agent): boolean => agent.jobId === id && !agent.isZombie
  const withoutAgents: World = { ...world, agents: world.agents.filter((agent) => !inJob(agent)) }
  const moves: WorldMove[] = []
  const { budget } = world
  const turn = (name: string, change: Partial<Job>, from = world): void => {
    if (budget.turns > 0) moves.push(move('fault', name, is(change, spend(from, 'turns'))))
  }
  const agent: Agent = { id: `${id}.${restart}`, jobId: id, attempt, restart, isRunning: false, isZombie: false }
  switch (phase) {
    case 'pending':
      moves.push(
        move('scheduler', `${id} starts`, is({ phase: 'running' }, { ...world, agents: [...world.agents, agent] })),
      )
      turn(`${id} is held`, { phase: 'held' })
      turn(`${id} is cancelled by somebody`, { phase: 'ended' })
      break
    case 'held':
      moves.push(move('scheduler', `${id} is released`, is({ phase: 'pending' })))
      break
    case 'running':
      moves.push(move('walltime', `the walltime of ${id} is over`, is({ phase: 'ending' })))
      turn(`${id} is suspended`, { phase: 'paused' })
      turn(`${id} is put back into the queue`, { phase: 'pending', restart: restart + 1 }, withoutAgents)
      for (const told of world.hub ? world.agents.filter((each) => inJob(each) && each.isRunning) : []) {
        // Its agent gets SIGTERM and has the time to say so.
        const said = apply(withoutAgents, rules, {
          type: 'exited',
          claimId: told.id,
          exit: { ...exit, why: 'stopped' },
        })
        turn(
          `${id} is put back into the queue, ${told.id} reports it`,
          { phase: 'pending', restart: restart + 1 },
          said,
        )
      }
      if (budget.oddities > 0) {
        const zombies = world.agents.map((each) => (inJob(each) ? { ...each, isZombie: true } : each))
        const back = spend({ ...world, agents: zombies }, 'oddities')
        moves.push(
          move(
            'fault',
            `${id} is put back; its node lives on unseen`,
            is({ phase: 'pending', restart: restart + 1 }, back),
          ),
        )
        const twin = { ...agent, id: `${agent.id}'` }
        if (!world.agents.some((each) => each.id === twin.id))
          moves.push(
            move('fault', `a second process of ${id} claims too`, {
              ...spend(world, 'oddities'),
              agents: [...world.agents, twin],
            }),
          )
      }
      break
    case 'paused':
      moves.push(move('scheduler', `${id} is resumed`, is({ phase: 'running' })))
      break
    case 'ending':
      moves.push(move('scheduler', `${id} has ended`, is({ phase: 'ended' }, withoutAgents)))
      break
    default:
      break
  }
  return moves
}

function agentMoves(world: World, agent: Agent, rules: Rules): WorldMove[] {
  const { hub } = world
  const job = world.jobs.find(({ id }) => id === agent.jobId)
  if (job?.phase === 'paused' && !agent.isZombie) return []
  const moves: WorldMove[] = []
  if (agent.isRunning) {
    moves.push(move('user', `the application of ${agent.id} ends by itself`, reportExit(world, agent, rules)))
    if (world.budget.losses > 0)
      moves.push(move('fault', `${agent.id} dies without a word`, spend(leave(world, agent), 'losses')))
    if (hub) moves.push(report(world, agent, rules))
    return moves
  }
  if (!hub) return moves
  const working = hub.claims.filter(({ request }) => request.id === agent.id).length
  if (working === 0) moves.push(...requestMoves(world, agent, rules, 'an agent asks for its claim'))
  else if (working === 1 && world.budget.losses > 0)
    moves.push(
      ...requestMoves(spend(world, 'losses'), agent, rules, 'an agent asks again, too early').map((each) => ({
        ...each,
        kind: 'fault' as const,
      })),
    )
  return moves
}

/** Mirrors `exit` in `reports.ts`: heard if there is a hub, and lost if not. */
function reportExit(world: World, agent: Agent, rules: Rules): World {
  const left = leave(world, agent)
  return world.facts.state === 'ended' ? left : apply(left, rules, { type: 'exited', claimId: agent.id, exit })
}

/** Mirrors `report` in `reports.ts`: ready, or a heartbeat that says so. */
function report(world: World, agent: Agent, rules: Rules): WorldMove {
  const { facts, hub } = world
  if (claimOf(facts)?.id !== agent.id)
    return move('agent', `${agent.id} learns that its claim is void, and leaves`, reportExit(world, agent, rules))
  if (facts.state === 'stopping') return move('agent', `${agent.id} is told to stop`, reportExit(world, agent, rules))
  const isWaitedFor = facts.state === 'starting' || (facts.state === 'ready' && !facts.reachable)
  const to = hub && isWaitedFor && hub.proof === null ? withHub(world, hub, { proof: agent.id }) : world
  return move('agent', `${agent.id} reports that its application answers`, to)
}

/**
 * The world of one session, as small as it can be without losing what matters: what is written down, what a hub has only in its
 * memory, what the scheduler and the nodes do meanwhile. Data only; the moves are in `hub-moves.ts` and `outside-moves.ts`.
 */
import { type JobId, type JobPhase, toJobId } from '@batchway/schedulers'
import type { Order } from '../lifecycle.ts'
import type { Attempt, Facts } from '../session.ts'

/** What is left to go wrong: bounds keep the world finite. */
export interface Budget {
  /** The hub dies. */
  readonly crashes: number
  /** A message or a call is lost. */
  readonly losses: number
  /** The scheduler or somebody there interferes: hold, suspend, requeue, cancel. */
  readonly turns: number
  /** Lists are complete and empty for a while, as when `PrivateData=jobs` is switched on. */
  readonly blinds: number
  /** A request becomes a job after all patience. */
  readonly delays: number
  /** A node that is given up lives on; two processes of one job claim. */
  readonly oddities: number
  /** A submit prints the id of another job. */
  readonly lies: number
}

export interface AttemptRow {
  readonly submit: Attempt['submit']
  /** Before the scheduler has shown it: what the submit printed. */
  readonly jobId: JobId | null
  /** The scheduler has shown the job under our tag. */
  readonly isSeen: boolean
}

export interface ClaimRow {
  /** The nonce of the agent. */
  readonly id: string
  readonly jobId: JobId
  readonly restart: number
  readonly isLive: boolean
  /** Its agent has got the credentials. */
  readonly isTold: boolean
}

/** A submit command. */
export interface Sender {
  readonly attempt: number
  readonly isAlive: boolean
  /** `taken`: in the scheduler's hands, and not a job yet. */
  readonly request: 'unsent' | 'taken' | 'job' | 'refused'
  /** The hub that started it still lives and hears its reply. */
  readonly isHeard: boolean
  /** The scheduler keeps it beyond all patience. */
  readonly isLate: boolean
}

export interface Job {
  readonly id: JobId
  readonly attempt: number
  /** `ended`: a list may show it so, or not show it any more. */
  readonly phase: JobPhase
  readonly restart: number
  /** It came after all patience: nobody could expect it any more. */
  readonly isLate: boolean
}

/** A process in one start of a job. */
export interface Agent {
  readonly id: string
  readonly jobId: JobId
  readonly attempt: number
  readonly restart: number
  /** Its application lives. */
  readonly isRunning: boolean
  /** On a node that the scheduler has given up. */
  readonly isZombie: boolean
}

/** A list answer: what was true when it was given, read when it is digested. */
export interface Answer {
  readonly jobs: readonly Job[]
  readonly isDigested: boolean
  /** What the hub knew of this attempt when it asked. */
  readonly knew: {
    readonly attempt: number
    readonly isAccepted: boolean
    readonly isSettled: boolean
    readonly isDenied: boolean
  }
  readonly isBlind: boolean
}

/** A claim request that the hub works on. */
export interface ClaimTask {
  readonly request: Pick<Agent, 'id' | 'jobId' | 'attempt' | 'restart'>
  readonly step: 'check' | 'turn' | 'grant' | 'apply' | 'reply'
}

/** A submit, or the search for what became of one: one at a time for each tag. */
export interface SubmitTask {
  readonly attempt: number
  readonly step: 'begin' | 'spawn' | 'wait' | 'refused' | 'never' | 'resolve' | 'again'
  /** What the search saw when it began. */
  readonly wasStopping: boolean
}

/** Orders of one change of the row, still to be carried out, in their order. */
export interface Batch {
  readonly orders: readonly (Extract<Order, 'addRoute' | 'removeRoute' | 'revokeClaims'> | 'route' | 'disarm')[]
  /** The row as it was saved, as far as orders look at it: the claim of a ready session. */
  readonly ready: string | null
}

/** What a hub knows only as long as it lives. */
export interface Hub {
  readonly submit: SubmitTask | null
  readonly answer: Answer | null
  /** Since when the process of a submit of unknown result is gone. */
  readonly quiet: 'no' | 'since' | 'settled'
  /** In how many answers the job was missing, as far as it matters: 2 is as often as it takes to believe it. */
  readonly missing: number
  /** A cancel was told that there is no such job. */
  readonly isDenied: boolean
  readonly claims: readonly ClaimTask[]
  readonly batches: readonly Batch[]
  /** A claim whose agent is being asked for its key. */
  readonly proof: string | null
  /** The claim towards which the route keeper wants a route. */
  readonly wanted: string | null
}

export interface World {
  readonly facts: Facts
  readonly attempt: number
  readonly attempts: readonly AttemptRow[]
  readonly claims: readonly ClaimRow[]
  /** The claim whose API token is valid. */
  readonly token: string | null
  readonly hub: Hub | null
  readonly senders: readonly Sender[]
  readonly jobs: readonly Job[]
  readonly agents: readonly Agent[]
  /** A hub has died in the course of this session. */
  readonly hasDied: boolean
  /** Lists are complete and empty for the hub (`PrivateData=jobs`). */
  readonly isBlind: boolean
  readonly budget: Budget
}

export const newAttempt: AttemptRow = { submit: 'prepared', jobId: null, isSeen: false }
export const submitTask = (attempt: number): SubmitTask => ({ attempt, step: 'begin', wasStopping: false })

export const newHub: Hub = {
  submit: null,
  answer: null,
  quiet: 'no',
  missing: 0,
  isDenied: false,
  claims: [],
  batches: [],
  proof: null,
  wanted: null,
}

/** The moment after the click: row and attempt are written, nothing has been sent. */
export const firstWorld = (budget: Budget): World => ({
  facts: { state: 'submitting' },
  attempt: 1,
  attempts: [newAttempt],
  claims: [],
  token: null,
  hub: { ...newHub, submit: submitTask(1) },
  senders: [],
  jobs: [],
  agents: [],
  hasDied: false,
  isBlind: false,
  budget,
})

/** A job of nobody's session: accounting tells its end, under another name. */
export const otherJob: JobId = toJobId('other')
export const jobName = (attempt: number): JobId => toJobId(`job${attempt}`)
export const claimOf = (facts: Facts) => ('claim' in facts ? facts.claim : null)
export const jobOf = (facts: Facts): JobId | null => ('jobId' in facts ? facts.jobId : null)
export const attemptRow = (world: World): AttemptRow => world.attempts[world.attempt - 1] ?? newAttempt

/** The claim towards which there should be a route, as the row says. */
export const wantedRoute = ({ facts }: World): string | null =>
  facts.state === 'ready' && facts.reachable ? facts.claim.id : null

/** It holds or may get a node. */
export const isLiving = ({ phase }: Job): boolean => phase !== 'ended'

export const without = <T>(all: readonly T[], one: T): T[] => all.filter((each) => each !== one)
export const replaced = <T>(all: readonly T[], one: T, other: T): T[] =>
  all.map((each) => (each === one ? other : each))

/** Words and logs of an outcome matter to people, and not to the machine: `invariants.ts` looks at them when it ends. */
function factsKey(facts: Facts): unknown {
  if (facts.state === 'ended') return 'ended'
  if (facts.state === 'stopping') return ['stopping', facts.because.code, facts.jobId, facts.claim]
  return facts
}

/** `JSON.stringify` is quick as long as it need not ask back. */
export const keyOf = (world: World): string => JSON.stringify({ ...world, facts: factsKey(world.facts) })

const isShownRunning = ({ phase }: Job): boolean => phase === 'running'

/** An answer that is digested serves only claims that are checked against it, and only a job that runs can be claimed. */
function tidyAnswer({ facts, hub }: World): Answer | null {
  const answer = hub?.answer ?? null
  if (!answer?.isDigested) return answer
  const jobs = facts.state === 'stopping' ? [] : answer.jobs.filter(isShownRunning)
  return jobs.length > 0 ? { ...answer, jobs } : null
}

/** The reply of a submit whose job is known otherwise, and has gone on, tells nobody anything. */
function withoutIdleSubmit(world: World, hub: Hub): World {
  const { facts, attempts, senders } = world
  const task = hub.submit
  if (task?.step !== 'wait') return world
  const isNews = facts.state === 'submitting' || (facts.state === 'stopping' && facts.jobId === null)
  const sender = senders.find(({ attempt, isHeard }) => attempt === task.attempt && isHeard)
  if (isNews || !attempts[task.attempt - 1]?.isSeen || (sender && sender.request !== 'job')) return world
  return { ...world, senders: senders.filter((each) => each !== sender), hub: { ...hub, submit: null } }
}

/** The jobs of attempts that were given up matter as long as they may claim. */
function withoutOldJobs(world: World): World {
  const { attempt, agents } = world
  const hasApplication = ({ id }: Job): boolean => agents.some(({ jobId, isRunning }) => jobId === id && isRunning)
  const isOver = (job: Job): boolean =>
    job.attempt < attempt && (job.phase === 'ended' || (job.phase === 'ending' && !hasApplication(job)))
  const over = world.jobs.filter(isOver).map(({ id }) => id)
  const jobs = world.jobs.filter(({ id }) => !over.includes(id)).sort((a, b) => a.attempt - b.attempt)
  return { ...world, jobs, agents: over.length > 0 ? agents.filter(({ jobId }) => !over.includes(jobId)) : agents }
}

/** While no job of an attempt was shown, it does not matter how its submit ended, nor that it named the right one. */
function withoutHints({ attempts, hub, ...rest }: World): World {
  const isOpen = ({ isSeen, submit }: AttemptRow): boolean =>
    !isSeen && (submit === 'accepted' || submit === 'running' || submit === 'unclear')
  const isAtWork = (number: number): boolean => hub?.submit?.attempt === number && hub.submit.step !== 'resolve'
  const plain = attempts.map((row, index): AttemptRow => {
    if (!isOpen(row) || isAtWork(index + 1)) return row
    return { submit: 'unclear', jobId: row.jobId === otherJob ? otherJob : null, isSeen: false }
  })
  return { ...rest, hub, attempts: plain }
}

/** Forget what nobody will ever look at again, so that worlds that differ in nothing else are one. */
export function tidy(untidy: World): World {
  const plain = withoutHints(untidy)
  const submitted = plain.hub ? withoutIdleSubmit(plain, plain.hub) : plain
  const world = submitted.attempts.length > 1 ? withoutOldJobs(submitted) : submitted
  const { facts, hub, jobs } = world
  if (facts.state === 'ended') {
    const memory = { answer: null, quiet: 'no', missing: 0, isDenied: false, proof: null } as const
    return { ...world, jobs: jobs.filter(isLiving), hub: hub && { ...hub, ...memory } }
  }
  if (!hub) return world
  // Nothing that a stopping session could be told by a proof.
  const proof = facts.state === 'stopping' ? null : hub.proof
  const now = wantedRoute(world)
  const batches = hub.batches.filter(({ orders }) => orders.length > 1 || orders[0] !== 'route' || now !== hub.wanted)
  return { ...world, hub: { ...hub, answer: tidyAnswer(world), proof, batches } }
}

/** Bugs as people write them: one rule of the machine changed each. The checker must find them all. */
import { plainOutcome } from '../decide-outcome.ts'
import { type MachineEvent, type Step, step } from '../lifecycle.ts'
import type { Facts, OutcomeCode } from '../session.ts'
import { type Rules, rules } from './rules.ts'
import type { Budget } from './world.ts'

export interface Mutation {
  readonly rules: Partial<Rules>
  /** What must go wrong for the bug to show. */
  readonly budget: Partial<Budget>
  /** The invariant that breaks first. */
  readonly breaks: string
}

type Table = (facts: Facts, event: MachineEvent, real: Step | null) => Step | null
const withTable = (table: Table): Partial<Rules> => ({
  step: (facts, event) => table(facts, event, step(facts, event)),
})
const withoutOrder = (order: string, when: (facts: Facts, event: MachineEvent) => boolean): Partial<Rules> =>
  withTable((facts, event, real) =>
    real && when(facts, event) ? { ...real, orders: real.orders.filter((each) => each !== order) } : real,
  )

export const mutations: Readonly<Record<string, Mutation>> = {
  'a stop is ignored while the submit runs': {
    rules: withTable((facts, event, real) => (facts.state === 'submitting' && event.type === 'stop' ? null : real)),
    budget: {},
    breaks: 'a stop is heard in every state',
  },
  'claims are not revoked when the job is put back': {
    rules: withoutOrder('revokeClaims', (_, { type }) => type === 'observed'),
    budget: { turns: 1 },
    breaks: 'what no row names is worth nothing',
  },
  'claims are not revoked at the end': {
    rules: withoutOrder('revokeClaims', (facts) => facts.state === 'stopping'),
    budget: {},
    breaks: 'what no row names is worth nothing',
  },
  'the route stays when a session is stopped': {
    rules: withoutOrder('removeRoute', (_, { type }) => type === 'stop'),
    budget: {},
    breaks: 'a route leads to the claim that lives',
  },
  'an order looks at the row as it was': {
    rules: { routesFollowRow: false },
    budget: {},
    breaks: 'a route leads to the claim that lives',
  },
  'a job that an incomplete list does not show is gone': {
    rules: { isComplete: () => true },
    budget: {},
    breaks: 'a list that is not complete ends nothing',
  },
  'an empty list is believed': {
    rules: { judgeAbsence: (evidence) => rules.judgeAbsence({ ...evidence, showsOthers: true }) },
    budget: { blinds: 1 },
    breaks: 'an ended session has no living job',
  },
  'the owner is not asked for the job of a lost submit': {
    rules: { withoutTrace: (facts) => rules.withoutTrace({ ...facts, isShownToOwner: false }) },
    budget: { losses: 1, blinds: 1 },
    breaks: 'an ended session has no living job',
  },
  'the id that a submit prints is believed': {
    rules: { believesPrinted: true },
    budget: { lies: 1 },
    breaks: 'an ended session has no living job',
  },
  'a silent agent ends its session': {
    rules: withTable((facts, event, real) =>
      facts.state === 'ready' && event.type === 'silent' ? ended('lost') : real,
    ),
    budget: { turns: 1 },
    breaks: 'an ended session has no living job',
  },
  'a submit is repeated while its process may live': {
    rules: { isQuiet: () => true },
    budget: { crashes: 1 },
    breaks: 'an ended session has no living job',
  },
  'a second process of the job is let in': {
    rules: { admit: (facts) => rules.admit({ ...facts, rival: 'none' }) },
    budget: { oddities: 1 },
    breaks: 'one application',
  },
  'a claim that has waited for its turn is not looked at again': {
    rules: { admitsAgain: false },
    budget: { oddities: 1 },
    breaks: 'one application',
  },
  'a new claim leaves the old one live': {
    rules: { revokesRivals: false },
    budget: { turns: 1 },
    breaks: 'one set of credentials',
  },
  'a late revocation hits the claim after it': {
    rules: { mayRevoke: () => true },
    budget: { turns: 1 },
    breaks: 'the claim that the row names is worth something',
  },
  'the job of an attempt that was given up may claim': {
    rules: {
      admit: (facts) => rules.admit({ ...facts, isCurrentAttempt: true, otherJob: 'none' }),
      isOrphan: () => false,
    },
    budget: { delays: 1 },
    breaks: 'an ended session has no living job',
  },
  'a start that the scheduler repeats is told that its session ends': {
    rules: { admit: (facts) => rules.admit({ ...facts, isStartedAgain: false }) },
    budget: { turns: 1 },
    breaks: 'a start that the scheduler repeats is not sent away',
  },
  'a claim is told without its attempt': {
    rules: { claimsNameAttempt: false },
    budget: { delays: 1 },
    breaks: 'one application',
  },
  'a claim brings an ended session back': {
    rules: withTable((facts, event, real) =>
      facts.state === 'ended' && event.type === 'claimed'
        ? {
            facts: { state: 'starting', jobId: event.claim.jobId, node: 'n1', claim: event.claim, paused: false },
            orders: [],
          }
        : real,
    ),
    budget: {},
    breaks: 'ended is for ever',
  },
  'a cancel is never sent': {
    rules: { cancelsJobs: false },
    budget: {},
    breaks: 'a stop takes a job that waits out of the queue',
  },
  'a job that leaves the list is forgotten': {
    rules: { judgeAbsence: () => 'unclear' },
    budget: {},
    breaks: 'no zombie, no orphan: everything ends by itself',
  },
  'an end has a code that nobody put into words': {
    rules: withTable((_, event, real) => (event.type === 'vanished' && real ? ended('mystery' as OutcomeCode) : real)),
    budget: {},
    breaks: 'always explained',
  },
}

function ended(code: OutcomeCode): Step {
  return { facts: { state: 'ended', outcome: plainOutcome(code) }, orders: ['removeRoute', 'revokeClaims'] }
}

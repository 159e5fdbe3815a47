import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explore, inWords, type Model, type Move } from './explore.ts'

/** Two philosophers and two forks: each takes one fork after the other. `order` is whose fork each takes first. */
interface Table {
  /** Who holds each fork. */
  readonly forks: readonly (number | null)[]
  readonly meals: number
}

function philosophers(order: readonly (readonly [number, number])[], change: Partial<Model<Table>> = {}): Model<Table> {
  const next = ({ forks, meals }: Table): Move<Table>[] =>
    order.flatMap(([first, second], who) => {
      const take = (fork: number): Move<Table>[] =>
        forks[fork] === null
          ? [{ name: `${who} takes ${fork}`, kind: 'take', to: { forks: forks.with(fork, who), meals } }]
          : []
      if (forks[first] !== who) return take(first)
      if (forks[second] !== who) return take(second)
      return [{ name: `${who} eats`, kind: 'eat', to: { forks: [null, null], meals: Math.min(2, meals + 1) } }]
    })
  return {
    initial: { forks: [null, null], meals: 0 },
    next,
    key: (state) => JSON.stringify(state),
    always: {},
    steps: {},
    leadsTo: { 'everybody eats': { from: () => true, goal: ({ meals }) => meals === 2, by: ['take', 'eat'] } },
    ...change,
  }
}
const deadlocking = [
  [0, 1],
  [1, 0],
] as const
const ordered = [
  [0, 1],
  [0, 1],
] as const
const all = { maxStates: 1_000 }

describe('the model checker', () => {
  it('visits every state once, and finds nothing where nothing is wrong', () => {
    const found = explore(philosophers(ordered), all)
    // No fork, or one, or two in one hand; two hands; after 0, 1 and 2 meals.
    assert.deepEqual(found, { states: 15, moves: 18, depth: 8, broken: null })
  })

  it('finds a deadlock by a shortest trace', () => {
    const { broken } = explore(philosophers(deadlocking), all)
    assert.equal(broken?.invariant, 'everybody eats')
    assert.deepEqual(broken?.trace, ['0 takes 0', '1 takes 1'])
    assert.match(broken ? inWords(broken) : '', /^everybody eats: .*\n {2}1\. 0 takes 0\n {2}2\. 1 takes 1$/)
  })

  it('finds who never gets on when some moves are not bound to happen', () => {
    const leadsTo = { 'everybody eats': { from: () => true, goal: ({ meals }: Table) => meals === 2, by: ['take'] } }
    const { broken } = explore(philosophers(ordered, { leadsTo }), all)
    assert.deepEqual(broken?.trace, [])
  })

  it('asks only of states that begin a promise', () => {
    const leadsTo = {
      'who holds both, eats': {
        from: ({ forks }: Table) => forks[0] !== null && forks[0] === forks[1],
        goal: ({ meals }: Table) => meals === 2,
        by: ['take', 'eat'],
      },
    }
    assert.equal(explore(philosophers(deadlocking, { leadsTo }), all).broken, null)
  })

  it('finds a state that must not be, and says so of the first one', () => {
    const always = {
      'nobody is full': ({ meals }: Table) => (meals === 2 ? 'two meals' : null),
      'forks lie': ({ forks }: Table) => (forks[1] === 1 && forks[0] === 1 ? 'both in one hand' : null),
    }
    const { broken } = explore(philosophers(ordered, { always }), all)
    assert.deepEqual(broken, { invariant: 'forks lie', words: 'both in one hand', trace: ['1 takes 0', '1 takes 1'] })
  })

  it('finds that the initial state itself is wrong', () => {
    const { broken, states } = explore(philosophers(ordered, { always: { never: () => 'wrong' } }), all)
    assert.deepEqual([broken?.trace, states], [[], 1])
  })

  it('finds a move that must not be made', () => {
    const steps = {
      'nobody eats twice': ({ meals }: Table, move: Move<Table>) =>
        meals > 0 && move.kind === 'eat' ? `${move.name} again` : null,
    }
    const { broken } = explore(philosophers(ordered, { steps }), all)
    assert.equal(broken?.words, '0 eats again')
    assert.equal(broken?.trace.length, 6)
  })

  it('does not keep silent about what it did not look at', () => {
    assert.equal(explore(philosophers(ordered), { maxStates: 15 }).states, 15)
    assert.throws(() => explore(philosophers(ordered), { maxStates: 14 }), RangeError)
  })
})

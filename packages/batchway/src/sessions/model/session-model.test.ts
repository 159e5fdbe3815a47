import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inWords } from './explore.ts'
import { mutations } from './mutations.ts'
import { rules } from './rules.ts'
import { checkSession } from './session-model.ts'
import type { Budget } from './world.ts'

const nothing: Budget = { crashes: 0, losses: 0, turns: 0, blinds: 0, delays: 0, oddities: 0, lies: 0 }

/**
 * `BATCHWAY_MODEL=crashes=1,losses=1` explores one larger world instead. What the default leaves out is said in
 * docs/explanation/session-model.md.
 */
function budgets(): readonly Partial<Budget>[] {
  const asked = process.env.BATCHWAY_MODEL
  if (!asked)
    return [{}, { crashes: 1 }, { losses: 1 }, { turns: 1 }, { blinds: 1 }, { delays: 1 }, { oddities: 1 }, { lies: 1 }]
  const pairs = asked.split(',').map((pair) => pair.split('='))
  return [Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)]))]
}
const maxStates = Number(process.env.BATCHWAY_MODEL_STATES ?? 400_000)

describe('the session machine, every order of events', () => {
  for (const budget of budgets()) {
    const name = Object.entries(budget).map(([what, count]) => `${count} ${what}`)
    it(`holds with ${name.join(', ') || 'nothing going wrong'}`, (t) => {
      const { broken, states, moves, depth } = checkSession({ ...nothing, ...budget }, maxStates)
      assert.equal(broken, null, broken ? inWords(broken) : '')
      t.diagnostic(`${states} states, ${moves} moves, ${depth} deep`)
      assert.ok(states > 1_000, 'a model that goes nowhere proves nothing')
    })
  }
})

describe('a seeded bug', () => {
  for (const [name, { rules: changed, budget, breaks }] of Object.entries(mutations)) {
    it(`is found: ${name}`, (t) => {
      const { broken, states } = checkSession({ ...nothing, ...budget }, maxStates, { ...rules, ...changed })
      assert.ok(broken, `nothing found in ${states} states`)
      assert.equal(broken.invariant, breaks, inWords(broken))
      t.diagnostic(`${broken.words}, after ${broken.trace.length} moves, ${states} states looked at`)
    })
  }
})

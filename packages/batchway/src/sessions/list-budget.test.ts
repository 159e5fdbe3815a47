import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { listBudget, nextCallAt } from './list-budget.ts'

const minute = 60_000

/** Asks as soon as it may, beginning each call `everyMs` after the one before at the earliest. @returns when calls began. */
function askedFor(lengthMs: number, everyMs: (at: number) => number): number[] {
  const calls: number[] = []
  let at = 0
  const budget = listBudget(() => at)
  while (at < lengthMs) {
    at += budget.take()
    calls.push(at)
    at += everyMs(at)
  }
  return calls
}
const mostInAMinute = (calls: readonly number[]): number =>
  Math.max(...calls.map((at) => calls.filter((other) => other >= at && other < at + minute).length))

/** Mostly at once, now and then after a pause: sixty of them use the budget up. */
const wait = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 1, max: 30_000 }))

describe('the budget of list calls', () => {
  it('is used up by those who ask for ever, and not overdrawn', () => {
    assert.equal(mostInAMinute(askedFor(5 * minute, () => 1)), 20)
  })

  it('is 20 in any minute, and an answer within six seconds, however it is asked', () =>
    fc.assert(
      fc.property(fc.array(wait, { minLength: 60, maxLength: 120 }), (waits) => {
        let at = 0
        const budget = listBudget(() => at)
        const calls = waits.map((wait) => {
          at += wait
          const delay = budget.take()
          assert.ok(delay <= 6_000, `${delay} ms`)
          at += delay
          return at
        })
        assert.ok(mostInAMinute(calls) <= 20, `${mostInAMinute(calls)} in a minute`)
      }),
    ))

  it('answers the first few at once, and lets each further call of a storm wait longer, up to two seconds', () => {
    const calls = askedFor(8_000, () => 1)
    const gaps = calls.slice(1).map((at, index) => at - (calls[index] ?? 0))
    assert.deepEqual(gaps.slice(0, 3), [1, 1, 1])
    for (const [index, gap] of gaps.slice(3).entries()) {
      assert.ok(gap === 2_000 || (gap < 2_000 && gap > (gaps[index + 2] ?? 0) + 100), String(gaps))
    }
    assert.equal(gaps.at(-1), 2_000)
  })

  it('lets a thousand starts after quiet have ten answers in eleven seconds', () => {
    const quiet = [-40_000, -20_000, 0]
    const calls = [...quiet]
    for (let at = 1_000; at < 12_000; at = Math.max(at, calls.at(-1) ?? 0) + 400) calls.push(nextCallAt(calls, at))
    const gaps = calls.slice(quiet.length + 1).map((at, index) => at - (calls[quiet.length + index] ?? 0))
    assert.ok(calls.length - quiet.length >= 10, `${calls.length - quiet.length} calls`)
    assert.ok(Math.max(...gaps.slice(0, 9)) <= 2_400, String(gaps))
  })

  it('keeps nobody waiting who starts one session, not even beside others that are asked about every four seconds', () => {
    const steady = askedFor(3 * minute, () => 4_000)
    assert.equal(mostInAMinute(steady), 15)
    const last = steady.at(-1) ?? 0
    assert.equal(nextCallAt(steady, last + 500), last + 500)
    assert.equal(nextCallAt([...steady, last + 500], last + 900) <= last + 1_100, true)
  })

  it('takes a clock that is set back for no licence', () => {
    let at = 10 * minute
    const budget = listBudget(() => at)
    let delay = 0
    for (let call = 0; call < 40 && delay === 0; call++) delay = budget.take()
    at -= 5 * minute
    const afterwards = budget.take()
    assert.ok(afterwards > 0 && afterwards <= 6_000, `${afterwards} ms`)
  })
})

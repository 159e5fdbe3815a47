import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openReadiness } from './open-readiness.ts'

function openBed() {
  const state = { now: 10_000, database: true, proxy: true, hangs: false, asked: 0, silent: null as number | null }
  const ask = (what: 'database' | 'proxy') => async () => {
    state.asked += 1
    if (state.hangs) await new Promise(() => {})
    if (!state[what]) throw new Error('away')
  }
  const look = openReadiness({
    askDatabase: ask('database'),
    askProxy: ask('proxy'),
    clusters: ['one', 'two'],
    sessions: {
      clusterHealth: (key) =>
        key === 'one'
          ? { lastAnswerAt: state.now - 4_000, failingSince: state.silent, words: null }
          : { lastAnswerAt: null, failingSince: null, words: null },
    },
    now: () => state.now,
  })
  return { state, look }
}

describe('readiness', () => {
  it('is that database and proxy answer, with what is known of schedulers', async () => {
    const { look } = openBed()
    assert.deepEqual(await look(), {
      database: true,
      proxy: true,
      schedulers: { answering: 2, silent: 0, oldestAnswerSeconds: 4 },
    })
  })

  it('asks again only after a while, however many ask', async () => {
    const { state, look } = openBed()
    await Promise.all(Array.from({ length: 100 }, look))
    assert.equal(state.asked, 2)
    Object.assign(state, { now: 12_000, database: false, proxy: false, silent: 11_000 })
    const { database, proxy, schedulers } = await look()
    assert.deepEqual([database, proxy, schedulers.silent, state.asked], [false, false, 1, 4])
  })

  it('takes one that hangs for one that does not answer', async () => {
    const { state, look } = openBed()
    state.hangs = true
    // Its own timer keeps no process alive; ours does.
    const awake = setInterval(() => {}, 1_000)
    const { database, proxy } = await look()
    clearInterval(awake)
    assert.deepEqual([database, proxy], [false, false])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ageOf } from './cluster-silence.ts'
import { timeWords } from './format.ts'
import { factsOf, makeSession, makeUser, noon } from './testing/fake-rooms.ts'
import { webBench } from './testing/web-bench.ts'

const times = timeWords('UTC')
const alice = makeUser(1, 'alice')
const queued = makeSession('one', alice, factsOf.queued)
const health = { lastAnswerAt: noon, failingSince: null, words: null }
const wordOf = (secondsAgo: number) => ({ askedAt: noon - secondsAgo * 1000, phase: 'pending' as const })

describe('ageOf', () => {
  it('tells how old the word on a job is that waits for its turn', () =>
    assert.match(ageOf(queued, health, wordOf(95), times, noon) ?? '', /one job at a time.* \(1 min 35 s ago\)\.$/))
  it('says nothing of a job that the last answer was about, of a silent cluster, of one that hides it, of an end', () => {
    assert.equal(ageOf(queued, health, wordOf(0), times, noon), null)
    assert.equal(ageOf(queued, health, wordOf(29), times, noon), null)
    assert.equal(ageOf(queued, { ...health, failingSince: noon - 10_000 }, wordOf(95), times, noon), null)
    assert.equal(ageOf(queued, { ...health, missing: 1 }, wordOf(95), times, noon), null)
    assert.equal(ageOf(queued, health, null, times, noon), null)
    assert.equal(ageOf(makeSession('two', alice, factsOf.ended), health, wordOf(95), times, noon), null)
  })
  it('stands on the page of a session that waits and of one that runs', async () => {
    const bench = webBench()
    const owner = bench.users.get('alice')
    assert.ok(owner)
    const browser = await bench.signedIn('alice')
    for (const state of ['queued', 'ready'] as const) {
      bench.sessions.put(makeSession(state, owner, factsOf[state], { serverName: state }))
      assert.doesNotMatch(await (await browser.get(`/hub/sessions/${state}`)).text(), /one job at a time/)
      bench.sessions.words.set(state, { askedAt: noon - 95_000, phase: state === 'queued' ? 'pending' : 'running' })
      assert.match(await (await browser.get(`/hub/sessions/${state}`)).text(), /one job at a time/)
    }
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Session } from '../sessions/session.ts'
import { jobId, sampleAttempt, sampleSession } from './contract/samples.ts'
import { openStores } from './stores.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const heapMiB = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

describe('a session that was told of in a long answer', () => {
  it('keeps the word that it was told, not the answer', async () => {
    await using stores = await openStores('sqlite::memory:', () => 0)
    assert.ok(await stores.sessions.insert(sampleSession(), sampleAttempt()))
    /** The name of a node as a driver cuts it out of what squeue printed for all jobs: V8 remembers the place in the text. */
    const cut = (): string =>
      Buffer.alloc(2 ** 19, 'node17.cluster.example.edu ')
        .toString()
        .slice(27, 53)

    const before = heapMiB()
    const cuts = Array.from({ length: 40 }, cut)
    assert.ok(heapMiB() - before > 15, 'what is kept as it was cut holds the answers')
    assert.ok(cuts.splice(0).every((node) => node === 'node17.cluster.example.edu'))

    const kept: Session[] = []
    for (let turn = 0; turn < 40; turn += 1) {
      const session = kept.at(-1) ?? (await stores.sessions.find('s1'))
      assert.ok(session)
      const facts = { state: 'starting', jobId: jobId('7'), node: cut(), claim: null, paused: false } as const
      const saved = await stores.sessions.update({ ...session, facts }, [])
      assert.ok(saved)
      assert.deepEqual(saved.facts, facts)
      kept.push(saved)
    }
    assert.ok(heapMiB() - before < 5)
    assert.equal(kept.length, 40)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { siteIdOf, siteMarkOf } from './site-id.ts'
import { openBench, sampleSpec } from './testing/bench.ts'

describe('the id of a site', () => {
  it('follows from its key alone, and tells keys apart', () => {
    const [one, same, other] = [7, 7, 8].map((byte) => siteIdOf(Buffer.alloc(32, byte)))
    assert.equal(one, same)
    assert.notEqual(one, other)
    assert.match(one ?? '', /^[0-9a-z]{9}$/)
    assert.equal(siteMarkOf(one ?? '').length, 3)
  })

  it('begins the ids of its sessions, each its own', async () => {
    await using bench = await openBench()
    // The second start draws the first one's characters again.
    const draws = [1, 1, 2].map((byte) => Buffer.alloc(6, byte))
    const random = (bytes: number) => (bytes === 6 && draws.shift()) || bench.parts.random(bytes)
    const hub = await bench.hub({ random })
    const first = await hub.start(bench.alice, 'one', sampleSpec())
    const second = await hub.start(bench.alice, 'two', sampleSpec())
    assert.deepEqual([first.id, second.id], ['abc111111', 'abc222222'])
  })
})

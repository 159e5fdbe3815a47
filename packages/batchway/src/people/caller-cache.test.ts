import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { activity } from './activity.ts'
import { callerCache } from './caller-cache.ts'

describe('callerCache', () => {
  const source = () => {
    let version = 0
    return { changes: { current: () => version, maxAgeMs: 1_000 }, now: () => 0, bump: () => (version += 1) }
  }
  it('does not remember an answer that a change overtook', async () => {
    const from = source()
    const cache = callerCache<string>(from)
    const overtaken = await cache.find('k', async () => {
      from.bump()
      return 'old'
    })
    assert.equal(overtaken, 'old')
    assert.equal(await cache.find('k', async () => 'new'), 'new')
    assert.equal(await cache.find('k', async () => 'not asked'), 'new')
  })
  it('does not remember an answer that began before a change and came after another question', async () => {
    const from = source()
    const cache = callerCache<string>(from)
    let finish = (_: string): void => {}
    const slow = cache.find('k', () => new Promise((resolve) => (finish = resolve)))
    from.bump()
    await cache.find('other', async () => 'x')
    finish('old')
    await slow
    assert.equal(await cache.find('k', async () => 'new'), 'new')
  })
  it('holds a bounded number', async () => {
    const cache = callerCache<string>(source(), 2)
    for (const key of ['a', 'b', 'c']) await cache.find(key, async () => key)
    assert.equal(await cache.find('b', async () => 'again'), 'b')
    assert.equal(await cache.find('a', async () => 'again'), 'again')
  })
})

describe('activity', () => {
  it('keeps what could not be written, and sees what is being written', async () => {
    const seen = activity<string>()
    seen.saw('a', 1)
    const failed = seen.flush(async () => {
      assert.equal(seen.pending('a'), 1)
      seen.saw('a', 2)
      seen.saw('b', 1)
      throw new Error('disk full')
    })
    await assert.rejects(failed)
    const written: [string, number][] = []
    await seen.flush(async (batch) => void written.push(...batch))
    assert.deepEqual(written, [
      ['a', 2],
      ['b', 1],
    ])
    assert.equal(seen.pending('a'), null)
  })
})

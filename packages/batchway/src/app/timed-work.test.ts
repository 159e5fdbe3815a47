import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { timedProxy, timedRoutes } from './timed-work.ts'

const clockOf =
  (...times: number[]) =>
  () =>
    times.shift() ?? 0

describe('the hub’s work, with a clock beside it', () => {
  it('does the same, and tells how long it took and whether it was done', async () => {
    const told: unknown[] = []
    const tell = { proxy: (...each: unknown[]) => void told.push(each) }
    const asked: unknown[] = []
    const proxy = timedProxy(
      {
        listRoutes: async () => new Map([['/', { target: 'http://a', last_activity: '2026-01-31T12:00:00Z' }]]),
        addRoute: async (...each) => {
          asked.push(each)
          throw new Error('the proxy is away')
        },
        removeRoute: async () => true,
        cutStreams: async (path, options) => {
          asked.push([path, options])
          return 3
        },
      },
      tell,
      clockOf(0, 20, 100, 130, 200, 201),
    )
    assert.equal((await proxy.listRoutes()).size, 1)
    await assert.rejects(proxy.addRoute('/user/alice', { target: 'http://a' }), /is away/)
    assert.equal(await proxy.removeRoute('/user/alice'), true)
    assert.equal(await proxy.cutStreams('/user', { below: true }), 3)
    assert.deepEqual(told, [
      ['poll', true, 20],
      ['add', false, 30],
      ['delete', true, 1],
    ])
    assert.deepEqual(asked, [
      ['/user/alice', { target: 'http://a' }],
      ['/user', { below: true }],
    ])
  })

  it('tells of every comparison of routes', async () => {
    const told: number[] = []
    const nothing = async (): Promise<void> => {}
    const routes = { add: nothing, remove: nothing, cut: nothing, want() {}, mend: async () => 2 }
    const timed = timedRoutes(routes, { checkedRoutes: (ms) => void told.push(ms) }, clockOf(5, 12))
    assert.equal(await timed.mend(), 2)
    assert.deepEqual(told, [7])
  })
})

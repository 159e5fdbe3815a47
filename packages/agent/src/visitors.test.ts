import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import { openPendingLogins } from './pending-logins.ts'
import { openVisitors } from './visitors.ts'

const minute = 60_000

function bench() {
  let now = 1_000_000
  const clock = { now: () => now, sleep: async () => undefined, random: () => 0 }
  const hub = { asked: 0, mood: 'allowed' as 'allowed' | 'denied' | 'gone' | 'away' }
  const client: HubClient = {
    post: () => Promise.reject(new Error('not here')),
    postForm: () => Promise.reject(new Error('not here')),
    get: async () => {
      hub.asked++
      if (hub.mood === 'away') throw new HubUnreachable('away')
      if (hub.mood === 'gone') return { status: 403, body: null }
      return { status: 200, body: { name: 'alice', scopes: hub.mood === 'allowed' ? ['access:servers'] : [] } }
    },
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { hub, clock, pass, visitors: openVisitors(client, ['access:servers!user=alice'], clock) }
}

describe('visitors', () => {
  it('are asked about again after five minutes, once for all requests', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    pass(4 * minute)
    assert.notEqual(await visitors.find(cookie), null)
    assert.equal(hub.asked, 1)
    pass(2 * minute)
    await Promise.all([visitors.find(cookie), visitors.find(cookie), visitors.find(cookie)])
    assert.equal(hub.asked, 2)
  })

  it('carry the digest of their token, by which the proxy knows them, and are one person however often they come', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    assert.equal(cookie.split('.')[0], createHash('sha256').update('t').digest('hex'))
    const socket = new PassThrough()
    const first = await visitors.find(cookie)
    first?.sockets.add(socket)
    assert.equal((await visitors.admit('t')).cookie, cookie)
    assert.equal(await visitors.find(cookie), first, 'its WebSockets are still known')
    hub.mood = 'gone'
    pass(6 * minute)
    await visitors.recheck()
    assert.equal(socket.destroyed, true)
  })

  for (const mood of ['denied', 'gone'] as const)
    it(`are thrown out with their WebSockets when the hub's answer becomes ${mood}`, async () => {
      const { hub, pass, visitors } = bench()
      const cookie = (await visitors.admit('t')).cookie ?? ''
      const socket = new PassThrough()
      const visitor = await visitors.find(cookie)
      visitor?.sockets.add(socket)
      pass(6 * minute)
      await visitors.recheck()
      assert.equal(socket.destroyed, false, 'positive control')
      hub.mood = mood
      pass(6 * minute)
      await visitors.recheck()
      assert.equal(socket.destroyed, true)
      assert.equal(await visitors.find(cookie), null)
    })

  it('stay for an hour while the hub is away, and no longer', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    hub.mood = 'away'
    pass(50 * minute)
    assert.notEqual(await visitors.find(cookie), null)
    pass(11 * minute)
    assert.equal(await visitors.find(cookie), null)
  })
})

describe('pending sign-ins', () => {
  it('are good for ten minutes and for one use', () => {
    const { clock, pass } = bench()
    const pending = openPendingLogins(clock)
    const { state } = pending.start('browser', '/x')
    assert.equal(pending.take(state, 'other'), null)
    assert.equal(pending.take(state, 'browser')?.next, '/x')
    assert.equal(pending.take(state, 'browser'), null)
    const late = pending.start('browser', '/x')
    pass(10 * minute)
    assert.equal(pending.take(late.state, 'browser'), null)
  })
})

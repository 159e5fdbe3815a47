import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import { openPendingLogins } from './pending-logins.ts'
import { openVisitors } from './visitors.ts'

const minute = 60_000

/** `odd`: it says `status` and `body`. */
type Mood = 'allowed' | 'denied' | 'gone' | 'away' | 'broken' | 'odd'

function bench() {
  let now = 1_000_000
  const clock = { now: () => now, sleep: async () => undefined, random: () => 0 }
  const hub = { asked: 0, mood: 'allowed' as Mood, status: 200, body: null as unknown }
  const client: HubClient = {
    post: () => Promise.reject(new Error('not here')),
    postForm: () => Promise.reject(new Error('not here')),
    get: async () => {
      hub.asked++
      if (hub.mood === 'away') throw new HubUnreachable('away')
      if (hub.mood === 'gone') return { status: 403, body: null }
      if (hub.mood === 'broken') throw new TypeError('broken')
      if (hub.mood === 'odd') return { status: hub.status, body: hub.body }
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
    pass(4 * minute)
    assert.notEqual(await visitors.find(cookie), null)
    assert.equal(hub.asked, 2, 'the new word is as good as the first')
  })

  it('are asked about no sooner for having signed in again', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    pass(4 * minute)
    await visitors.admit('t')
    pass(4 * minute)
    await visitors.find(cookie)
    assert.equal(hub.asked, 2)
  })

  it('wait for the answer, all of them, and stay out together', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    hub.mood = 'denied'
    pass(6 * minute)
    const found = await Promise.all([visitors.find(cookie), visitors.find(cookie), visitors.find(cookie)])
    assert.deepEqual(found, [null, null, null])
    assert.equal(hub.asked, 2)
  })

  it('get no cookie without access', async () => {
    const { hub, visitors } = bench()
    for (const [mood, verdict] of [
      ['denied', 'denied'],
      ['gone', 'unknown-token'],
      ['away', 'unreachable'],
    ] as const) {
      hub.mood = mood
      assert.deepEqual(await visitors.admit('t'), { verdict, cookie: null })
    }
  })

  it('are nobody to a hub whose answer names no person', async () => {
    const { hub, visitors } = bench()
    hub.mood = 'odd'
    for (const [status, body, verdict] of [
      [500, null, 'unreachable'],
      [503, null, 'unreachable'],
      [429, null, 'unreachable'],
      [404, { name: 'alice', scopes: ['access:servers'] }, 'unknown-token'],
      [200, null, 'unknown-token'],
      [200, { scopes: ['access:servers'] }, 'unknown-token'],
      [200, { name: 'alice', scopes: 'access:servers' }, 'unknown-token'],
      [200, { name: 'alice', scopes: [['access:servers'], null] }, 'denied'],
    ] as const) {
      hub.status = status
      hub.body = body
      assert.equal((await visitors.admit('t')).verdict, verdict, `${status} ${JSON.stringify(body)}`)
    }
    hub.mood = 'broken'
    await assert.rejects(visitors.admit('t'), TypeError, 'a mistake of ours is no absence of the hub')
  })

  it('are out when their token has become another’s', async () => {
    const { hub, pass, visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    Object.assign(hub, { mood: 'odd', body: { name: 'bob', scopes: ['access:servers'] } })
    pass(6 * minute)
    assert.equal(await visitors.find(cookie), null)
  })

  it('are known by a cookie that is whole and ours', async () => {
    const { visitors } = bench()
    const cookie = (await visitors.admit('t')).cookie ?? ''
    const [id, name, signature = ''] = cookie.split('.')
    const wrong = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    const others = (await bench().visitors.admit('t')).cookie ?? ''
    for (const bad of [undefined, '', '..', `${id}.${name}`, `${id}.${name}.${wrong}`, `${cookie}x`, others])
      assert.equal(await visitors.find(bad), null, bad)
    assert.notEqual(await visitors.find(cookie), null, 'positive control')
  })

  it('are a thousand at most: who came first must sign in again', async () => {
    const { visitors } = bench()
    const cookies: string[] = []
    for (let count = 0; count <= 1_000; count++) cookies.push((await visitors.admit(`t${count}`)).cookie ?? '')
    const found = await Promise.all(cookies.map((cookie) => visitors.find(cookie)))
    assert.deepEqual(
      found.flatMap((visitor, index) => (visitor === null ? [index] : [])),
      [0],
    )
  })

  it('are asked about unasked only while they have something open', async () => {
    const { hub, pass, visitors } = bench()
    await visitors.admit('t')
    pass(6 * minute)
    await visitors.recheck()
    assert.equal(hub.asked, 1)
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
    pass(14_000)
    assert.notEqual(await visitors.find(cookie), null)
    assert.equal(hub.asked, 2, 'nor is it asked for each request')
    pass(1_000)
    await visitors.find(cookie)
    assert.equal(hub.asked, 3)
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
    const inTime = pending.start('browser', '/x')
    pass(10 * minute - 1)
    assert.equal(pending.take(inTime.state, 'browser')?.next, '/x')
    const late = pending.start('browser', '/x')
    pass(10 * minute)
    assert.equal(pending.take(late.state, 'browser'), null)
  })

  it('are of one browser, and of none that has no mark', () => {
    const pending = openPendingLogins(bench().clock)
    const { state } = pending.start('browser', '/x')
    assert.equal(pending.take(state, undefined), null)
    assert.equal(pending.take('', 'browser'), null)
    assert.notEqual(pending.take(state, 'browser'), null, 'another’s try has not used it up')
  })

  it('prove themselves by a secret of their own (RFC 7636)', () => {
    const pending = openPendingLogins(bench().clock)
    const [one, two] = [pending.start('browser', '/x'), pending.start('browser', '/x')]
    const verifier = pending.take(one.state, 'browser')?.verifier ?? ''
    assert.equal(createHash('sha256').update(verifier).digest('base64url'), one.challenge)
    assert.notEqual(one.challenge, two.challenge)
    assert.match(one.state, /^[\w-]{32}$/)
  })

  it('are a thousand at most: the oldest is given up', () => {
    const pending = openPendingLogins(bench().clock)
    const states = Array.from({ length: 1_001 }, () => pending.start('browser', '/x').state)
    assert.deepEqual(
      states.flatMap((state, index) => (pending.take(state, 'browser') === null ? [index] : [])),
      [0],
    )
  })
})

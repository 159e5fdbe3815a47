import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../core/logger.ts'
import { openRouteKeeper, type SessionRoute } from './route-keeper.ts'
import { type FakeProxy, fakeProxy } from './testing/fake-proxy.ts'

const hubRoute = { path: '/', target: 'http+unix://hub' }
const route = (change: Partial<SessionRoute> = {}): SessionRoute => ({
  path: '/user/alice',
  user: 'alice',
  serverName: '',
  host: 'n1',
  port: 4_000,
  psk: { identity: 'a.1', key: '0a'.repeat(32) },
  ...change,
})

function openBed() {
  const proxy: FakeProxy = fakeProxy()
  return { proxy, keeper: openRouteKeeper(proxy, hubRoute, silentLogger) }
}

describe('add and remove', () => {
  it('write the route as the proxy wants it, IPv6 in brackets', async () => {
    const { proxy, keeper } = openBed()
    await keeper.add(route({ host: 'fd00::1' }))
    assert.deepEqual(proxy.table.get('/user/alice'), {
      target: 'https://[fd00::1]:4000',
      user: 'alice',
      server_name: '',
      jupyterhub: true,
      psk: route().psk,
    })
    await keeper.remove('/user/alice')
    assert.equal(proxy.table.size, 0)
  })

  it('that cross leave what was wished last, whichever call reaches the proxy first', async () => {
    const { proxy, keeper } = openBed()
    const slow = Promise.withResolvers<void>()
    proxy.before = (call) => (call === 'add' ? slow.promise : undefined)
    const adding = keeper.add(route())
    const removing = keeper.remove('/user/alice')
    slow.resolve()
    await Promise.all([adding, removing])
    assert.equal(proxy.table.has('/user/alice'), false)
  })

  it('keep the wish when the proxy does not answer: mending makes it good', async () => {
    const { proxy, keeper } = openBed()
    await keeper.mend()
    proxy.before = () => {
      throw new Error('ECONNREFUSED')
    }
    await assert.rejects(keeper.add(route()), /ECONNREFUSED/)
    await assert.rejects(keeper.mend(), /ECONNREFUSED/)
    proxy.before = null
    assert.equal(await keeper.mend(), 1)
    assert.ok(proxy.table.has('/user/alice'))

    proxy.before = () => {
      throw new Error('ECONNREFUSED')
    }
    await assert.rejects(keeper.remove('/user/alice'), /ECONNREFUSED/)
    proxy.before = null
    assert.equal(await keeper.mend(), 1)
    assert.equal(proxy.table.has('/user/alice'), false)
  })
})

describe('mend', () => {
  it('restores what is missing, removes what is not wanted, and then finds nothing wrong', async () => {
    const { proxy, keeper } = openBed()
    keeper.want(route())
    proxy.table.set('/user/bob', { target: 'https://n2:1', user: 'bob', jupyterhub: true })
    assert.equal(await keeper.mend(), 3)
    assert.deepEqual([...proxy.table.keys()].toSorted(), ['/', '/user/alice'])
    assert.deepEqual(proxy.table.get('/'), { target: 'http+unix://hub', hub: true, jupyterhub: true })
    proxy.calls.length = 0
    assert.equal(await keeper.mend(), 0)
    assert.deepEqual(proxy.calls, [])
  })

  it('removes a route to the hub from where it was for another way of routing', async () => {
    const proxy = fakeProxy()
    proxy.table.set('/', { target: hubRoute.target, hub: true, jupyterhub: true })
    proxy.table.set('/other', { target: 'http://elsewhere', hub: true, jupyterhub: true })
    const keeper = openRouteKeeper(proxy, { ...hubRoute, path: '/hub.test' }, silentLogger)
    assert.equal(await keeper.mend(), 2)
    assert.deepEqual([...proxy.table.keys()].sort(), ['/hub.test', '/other'])
    assert.equal(await keeper.mend(), 0)
  })

  it('does not touch routes of others', async () => {
    const { proxy, keeper } = openBed()
    proxy.table.set('/services/x', { target: 'http://n1:1', jupyterhub: true })
    proxy.table.set('/wiki', { target: 'http://n1:2', user: 'bob' })
    await keeper.mend()
    assert.deepEqual([...proxy.table.keys()].toSorted(), ['/', '/services/x', '/wiki'])
  })

  it('sees another target, another key and another identity', async () => {
    const psk = route().psk
    for (const wrong of [
      { port: 4_001 },
      { psk: { ...psk, key: '0b'.repeat(32) } },
      { psk: { ...psk, identity: 'a.2' } },
    ]) {
      const { proxy, keeper } = openBed()
      await keeper.mend()
      await keeper.add(route(wrong))
      keeper.want(route())
      assert.equal(await keeper.mend(), 1)
      assert.deepEqual(proxy.table.get('/user/alice')?.psk, psk)
      assert.equal(proxy.table.get('/user/alice')?.target, 'https://n1:4000')
    }
  })

  it('does not bring back a route that is removed while it mends', async () => {
    const { proxy, keeper } = openBed()
    keeper.want(route())
    const slow = Promise.withResolvers<void>()
    const mending = Promise.withResolvers<void>()
    proxy.before = (call) => {
      if (call !== 'add') return undefined
      mending.resolve()
      return slow.promise
    }
    const mend = keeper.mend()
    await mending.promise
    const removing = keeper.remove('/user/alice')
    slow.resolve()
    await Promise.all([mend, removing])
    assert.equal(proxy.table.has('/user/alice'), false)
  })

  it('does not let one route that the proxy refuses keep the others away', async () => {
    const { proxy, keeper } = openBed()
    for (let index = 0; index < 120; index += 1) keeper.want(route({ path: `/user/u${index}` }))
    proxy.before = (_, path) => {
      if (path === '/user/u3') throw new Error('400')
    }
    await assert.rejects(keeper.mend(), /400/)
    assert.equal(proxy.table.size, 120)
  })
})

describe('routes of services', () => {
  const service = {
    path: '/services/whoami',
    name: 'whoami',
    target: 'http://127.0.0.1:10101',
    isPrefixStripped: false,
  }
  const body = { target: service.target, service: 'whoami', jupyterhub: true }

  it('are there from the start, and go with the service', async () => {
    const proxy = fakeProxy()
    await openRouteKeeper(proxy, hubRoute, silentLogger, [service]).mend()
    assert.deepEqual(proxy.table.get('/services/whoami'), body)
    // A hub that was started again, without the service.
    const next = openRouteKeeper(proxy, hubRoute, silentLogger)
    assert.equal(await next.mend(), 1)
    assert.equal(proxy.table.has('/services/whoami'), false)
  })
  it('are said again to a proxy that has lost them, or waits to be told that they hold', async () => {
    const proxy = fakeProxy()
    const keeper = openRouteKeeper(proxy, hubRoute, silentLogger, [service])
    await keeper.mend()
    assert.equal(await keeper.mend(), 0)
    proxy.table.delete('/services/whoami')
    assert.equal(await keeper.mend(), 1)
    proxy.table.set('/services/whoami', { ...body, pending: true })
    assert.equal(await keeper.mend(), 1)
    proxy.table.set('/services/whoami', { ...body, target: 'http://127.0.0.1:666' })
    assert.equal(await keeper.mend(), 1)
    assert.deepEqual(proxy.table.get('/services/whoami'), body)
  })
  it('are said again where a service wants its paths in another way than before', async () => {
    const proxy = fakeProxy()
    await openRouteKeeper(proxy, hubRoute, silentLogger, [service]).mend()
    const stripped = openRouteKeeper(proxy, hubRoute, silentLogger, [{ ...service, isPrefixStripped: true }])
    assert.equal(await stripped.mend(), 1)
    assert.deepEqual(proxy.table.get('/services/whoami'), { ...body, batchway: { strip_prefix: true } })
    assert.equal(await stripped.mend(), 0)
    assert.equal(await openRouteKeeper(proxy, hubRoute, silentLogger, [service]).mend(), 1)
    assert.deepEqual(proxy.table.get('/services/whoami'), body)
  })
})

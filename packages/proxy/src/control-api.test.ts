import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseAddress } from './address.ts'
import { openControlClient, ProxyRefused, ProxyUnavailable } from './control-client.ts'
import { keyFingerprint } from './route.ts'
import { psk, rawExchange, type TestProxy, temporaryFolder, testProxy, token } from './testing.ts'

let proxy: TestProxy
let clock = Date.parse('2026-01-02T03:04:05.678Z')
before(async () => {
  proxy = await testProxy({ now: () => clock })
})
after(() => proxy[Symbol.asyncDispose]())

const call = async (method: string, path: string, body?: unknown, authorization: string | null = `token ${token}`) => {
  const response = await fetch(`http://${proxy.proxy.control}${path}`, {
    method,
    ...(authorization !== null && { headers: { authorization } }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, json: () => JSON.parse(text) }
}
const target = 'http://127.0.0.1:9'

describe('the control API', () => {
  it('asks for the token before anything else, and takes the right one (positive control)', async () => {
    for (const wrong of [
      null,
      'token wrong',
      `Bearer ${token}`,
      token,
      'token ',
      `token ${token}x`,
      `basic ${token}`,
      `xtoken ${token}`,
    ])
      for (const [method, path] of [
        ['GET', '/api/routes'],
        ['POST', '/api/routes/a'],
        ['DELETE', '/api/routes/a'],
        ['PUT', '/api/routes'],
        ['GET', '/else'],
      ] as const) {
        const { status, text } = await call(method, path, method === 'POST' ? { target } : undefined, wrong)
        assert.deepEqual([status, text], [403, ''], `${method} ${path} with ${wrong}`)
      }
    assert.deepEqual((await call('GET', '/api/routes')).json(), {})
    assert.equal((await call('GET', '/api/routes', undefined, `TOKEN   ${token}`)).status, 200)
  })

  it('adds, shows, lists and removes routes with their extra keys', async () => {
    const extra = { user: 'alice', server_name: '', jupyterhub: true, nested: { a: [1, null] } }
    assert.deepEqual([(await call('POST', '/api/routes/user/alice/', { target, ...extra })).status], [201])
    const view = { target, ...extra, last_activity: '2026-01-02T03:04:05.678Z' }
    assert.deepEqual((await call('GET', '/api/routes/user/alice')).json(), view)
    assert.deepEqual((await call('GET', '/api/routes')).json(), { '/user/alice': view })
    assert.deepEqual((await call('GET', '/api/routes/')).json(), { '/user/alice': view })
    assert.equal((await call('DELETE', '/api/routes/user/alice')).status, 204)
    assert.equal((await call('DELETE', '/api/routes/user/alice')).status, 404)
    assert.equal((await call('GET', '/api/routes/user/alice')).status, 404)
  })

  it('decodes paths, and addresses the root', async () => {
    await call('POST', '/api/routes/user/jos%C3%A9%20x', { target })
    await call('POST', '/api/routes/', { target, hub: true })
    await call('POST', '/api/routes/__proto__', { target, __proto__: 1 })
    assert.deepEqual(Object.keys((await call('GET', '/api/routes')).json()), ['/user/josé x', '/', '/__proto__'])
    await proxy.client.replaceRoutes({})
  })

  it('keeps the key and shows its fingerprint only', async () => {
    await call('POST', '/api/routes/user/alice', { target: 'https://127.0.0.1:9', psk })
    const { text } = await call('GET', '/api/routes')
    assert.ok(!text.includes(psk.key))
    assert.deepEqual(JSON.parse(text)['/user/alice'].psk, {
      identity: psk.identity,
      fingerprint: keyFingerprint(psk.key),
    })
    assert.match(keyFingerprint(psk.key), /^[0-9a-f]{16}$/)
    await proxy.client.replaceRoutes({})
  })

  const refused: readonly (readonly [string, string, unknown, number])[] = [
    ['POST', '/api/routes/a', 'not json', 400],
    ['POST', '/api/routes/a', [], 400],
    ['POST', '/api/routes/a', {}, 400],
    ['POST', '/api/routes/a', { target: 7 }, 400],
    ['POST', '/api/routes/a', { target: 'nonsense' }, 400],
    ['POST', '/api/routes/a', { target: 'ftp://127.0.0.1' }, 400],
    ['POST', '/api/routes/a', { target: 'http://u:p@127.0.0.1:9' }, 400],
    ['POST', '/api/routes/a', { target: 'http://127.0.0.1:9/?q' }, 400],
    ['POST', '/api/routes/a', { target: 'http://127.0.0.1:0' }, 400],
    ['POST', '/api/routes/a', { target: 'https://127.0.0.1:9' }, 400],
    ['POST', '/api/routes/a', { target: 'http://127.0.0.1:9', psk }, 400],
    ['POST', '/api/routes/a', { target: 'https://127.0.0.1:9', psk: { identity: 'a', key: 'short' } }, 400],
    ['POST', '/api/routes/a', { target: 'https://127.0.0.1:9', psk: { identity: 'a\nb', key: psk.key } }, 400],
    ['POST', '/api/routes/a', { target: 'http+unix://relative' }, 400],
    ['POST', '/api/routes/a', { target, hub: 'yes' }, 400],
    ['POST', '/api/routes/%zz', { target }, 400],
    ['POST', '/api/routes/a%2F..%2Fb', { target }, 400],
    ['GET', '/api/routes?inactive_since=yesterday', undefined, 400],
    ['GET', '/api/', undefined, 404],
    ['GET', '/api/routesx', undefined, 404],
    ['PATCH', '/api/routes', undefined, 405],
    ['PUT', '/api/routes/a', { target }, 405],
    ['PUT', '/api/routes', { '/a': { target }, '/b': {} }, 400],
    ['PUT', '/api/routes', { a: { target } }, 400],
  ]
  for (const [method, path, body, status] of refused)
    it(`answers ${status} to ${method} ${path} ${JSON.stringify(body) ?? ''}`, async () => {
      const { status: got, text } = await call(method, path, body)
      assert.equal(got, status)
      assert.ok(!text.includes(psk.key))
      assert.deepEqual((await call('GET', '/api/routes')).json(), {})
    })

  it('replaces all routes in one step, keeping activity times of those that stay', async () => {
    await proxy.client.replaceRoutes({ '/a': { target }, '/b': { target } })
    clock += 60_000
    await proxy.client.replaceRoutes({ '/b': { target, note: 1 }, '/c': { target } })
    const routes = await proxy.client.listRoutes()
    assert.deepEqual([...routes.keys()], ['/b', '/c'])
    assert.equal(Date.parse(routes.get('/c')?.last_activity ?? ''), clock)
    assert.equal(Date.parse(routes.get('/b')?.last_activity ?? ''), clock - 60_000)
    const idle = await call('GET', `/api/routes?inactive_since=${new Date(clock).toISOString()}`)
    assert.deepEqual(Object.keys(idle.json()), ['/b'])
    await proxy.client.replaceRoutes({})
  })

  it('tells its health without a token', async () => {
    assert.deepEqual((await call('GET', '/_chp_healthz', undefined, null)).json(), { status: 'OK' })
    assert.deepEqual(await (await fetch(`${proxy.url}/_chp_healthz`)).json(), { status: 'OK' })
  })

  it('refuses smuggling shapes as the public side does', async () => {
    const { kind, ...place } = parseAddress(proxy.proxy.control)
    assert.equal(kind, 'tcp')
    const port = 'port' in place ? place.port : 0
    const answer = await rawExchange(
      port,
      `POST /api/routes/a HTTP/1.1\r\nHost: h\r\nAuthorization: token ${token}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 400 /)
  })
})

describe('openControlClient', () => {
  it('speaks over a unix socket, which is closed to others', async () => {
    await using folder = await temporaryFolder()
    const control = `unix:${folder.path}/control.sock`
    await using own = await testProxy({ control })
    await own.client.addRoute('/user/a%20b/100%', { target, user: 'a' })
    assert.deepEqual([...(await own.client.listRoutes()).keys()], ['/user/a%20b/100%'])
    assert.equal(await own.client.healthy(), true)
    assert.equal(await own.client.removeRoute('/user/a%20b/100%'), true)
    assert.equal(await own.client.removeRoute('/user/a%20b/100%'), false)
  })

  it('tells a proxy that does not answer from one that refuses', async () => {
    using absent = openControlClient({ address: '127.0.0.1:9', token })
    await assert.rejects(absent.listRoutes(), ProxyUnavailable)
    assert.equal(await absent.healthy(), false)
    using stranger = openControlClient({ address: proxy.proxy.control, token: 'wrong' })
    await assert.rejects(stranger.listRoutes(), (error) => error instanceof ProxyRefused && error.status === 403)
    assert.equal(await stranger.healthy(), false)
    await assert.rejects(
      proxy.client.addRoute('/a', { target: 'x' }),
      (error) => error instanceof ProxyRefused && /target/.test(error.message),
    )
  })
})

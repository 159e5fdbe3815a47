import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import { mountApi } from './app.ts'
import { mountRoutes } from './mount-routes.ts'
import type { ApiRoute } from './route.ts'
import { admin, alice, bearer, bob, factsOf, fakeHub, jsonOf, now, sessionOf } from './testing/fake-hub.ts'

for (const base of ['/', '/jupyter/']) {
  const api = `${base}hub/api`

  describe(`the API below ${api}`, () => {
    it('tells its version to anybody, on both listeners, without a cookie', async () => {
      const hub = fakeHub(base)
      for (const app of [hub.publicApi, hub.internalApi])
        for (const path of [api, `${api}/`]) {
          const response = await app.request(path)

          assert.equal(response.status, 200)
          assert.deepEqual(await jsonOf(response), { version: '5.4.5' })
          assert.equal(response.headers.get('x-jupyterhub-version'), '5.4.5')
          assert.equal(response.headers.get('x-batchway-version'), '0.1.0')
          assert.equal(response.headers.get('x-batchway-site'), 'k3fzzzzzz')
          assert.equal(response.headers.get('content-type'), 'application/json')
          assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
          assert.equal(response.headers.get('access-control-allow-origin'), '*')
          assert.equal(response.headers.get('set-cookie'), null)
        }
    })
    it('answers a health check below the hub and below the API', async () => {
      const hub = fakeHub(base)
      for (const path of [`${api}/health`, `${base}hub/health`])
        assert.equal((await hub.internalApi.request(path)).status, 200)
    })
    it('tells a server whose token it was shown', async () => {
      const hub = fakeHub(base)
      hub.addToken(
        'oauth-alice',
        alice,
        new Set(['access:servers!server=alice/', 'read:users:name!user=alice', 'read:users:groups!user=alice']),
        { kind: 'oauth', id: 7, signInId: '9f00' },
      )
      const response = await hub.internalApi.request(`${api}/user`, bearer('oauth-alice'))

      assert.equal(response.status, 200)
      assert.deepEqual(await jsonOf(response), {
        kind: 'user',
        name: 'alice',
        admin: false,
        groups: ['physics'],
        user_info: null,
        token_id: 'a7',
        session_id: '9f00',
        scopes: ['access:servers!server=alice/', 'read:users:groups!user=alice', 'read:users:name!user=alice'],
      })
    })
    it('refuses a bad token with 403, never 401', async () => {
      const hub = fakeHub(base)
      for (const app of [hub.publicApi, hub.internalApi]) {
        const response = await app.request(`${api}/user`, bearer('revoked'))

        assert.equal(response.status, 403)
        const body = await jsonOf(response)
        assert.equal(body.status, 403)
        assert.equal(body.message, 'Missing or invalid credentials.')
        assert.equal(body.type, 'urn:batchway:forbidden')
        assert.equal(response.headers.get('x-jupyterhub-version'), '5.4.5')
        assert.equal(response.headers.get('set-cookie'), null)
      }
    })
    it('gives links that begin with the base', async () => {
      const hub = fakeHub(base)
      hub.put(sessionOf(alice, factsOf.ready))
      const user = await jsonOf(await hub.internalApi.request(`${api}/users/alice`, bearer('token-alice')))
      const server = await jsonOf(await hub.internalApi.request(`${api}/users/alice/server`, bearer('token-alice')))

      assert.equal(user.server, `${base}user/alice/`)
      assert.equal(server.url, `${base}user/alice/`)
      assert.equal(server.progress_url, `${api}/users/alice/server/progress`)
      assert.equal(server.full_url, `https://hub.example${base}user/alice/`)
    })
  })
}

describe('what no route takes', () => {
  const hub = fakeHub()
  it('is 404 in JSON, and a slash at the end counts', async () => {
    for (const path of ['/hub/api/nope', '/hub/api/user/', '/hub/api//user', '/hub/api/users/alice/server/']) {
      const response = await hub.publicApi.request(path, bearer('token-alice'))
      assert.equal(response.status, 404, path)
      assert.equal((await jsonOf(response)).status, 404)
    }
  })
  it('is 405 with the methods that there are', async () => {
    const response = await hub.publicApi.request('/hub/api/users/alice/server', { method: 'PATCH' })

    assert.equal(response.status, 405)
    assert.match(String((await jsonOf(response)).message), /POST, DELETE, GET/)
  })
  it('answers OPTIONS to anybody, empty', async () => {
    for (const path of ['/hub/api', '/hub/api/users/alice/server', '/hub/api/agent/claim']) {
      const response = await hub.publicApi.request(path, { method: 'OPTIONS' })
      assert.equal(response.status, 204)
      assert.match(response.headers.get('access-control-allow-headers') ?? '', /authorization/)
    }
  })
  it('leaves everything outside its path alone', async () => {
    for (const path of ['/', '/hub/home', '/hub/apix', '/user/alice/'])
      assert.equal(await (await hub.publicApi.request(path)).text(), '404 Not Found')
  })
})

describe('a request by cookie', () => {
  const hub = fakeHub()
  const { cookie, xsrf } = hub.signIn(alice)
  const send = (init: RequestInit & { headers: Record<string, string> }, path = '/hub/api/users/alice/server') =>
    hub.publicApi.request(path, init)

  it('needs the XSRF token, reading included', async () => {
    const bare = await send({ headers: { Cookie: cookie } }, '/hub/api/user')
    const withHeader = await send({ headers: { Cookie: cookie, 'X-XSRFToken': xsrf } }, '/hub/api/user')
    const withQuery = await send({ headers: { Cookie: cookie } }, `/hub/api/user?_xsrf=${xsrf}`)

    assert.equal(bare.status, 403)
    assert.match(String((await jsonOf(bare)).message), /_xsrf/)
    assert.equal(withHeader.status, 200)
    assert.equal(withQuery.status, 200)
    const model = await jsonOf(withHeader)
    assert.equal(model.name, 'alice')
    assert.equal(model.token_id, null)
    assert.equal(model.session_id, null)
    assert.equal(withHeader.headers.get('set-cookie'), null)
  })
  it('starts a server with the token, and not with anything less', async () => {
    const json = { 'Content-Type': 'application/json' }
    const refused: Record<string, string>[] = [
      { Cookie: cookie },
      { Cookie: cookie, ...json },
      { Cookie: cookie, ...json, 'X-XSRFToken': 'guess' },
      { Cookie: cookie, 'X-XSRFToken': xsrf, 'Content-Type': 'text/plain' },
      { Cookie: cookie, 'X-XSRFToken': xsrf, 'Content-Type': 'application/x-www-form-urlencoded' },
      { Cookie: cookie, ...json, 'X-XSRFToken': xsrf, 'Sec-Fetch-Site': 'same-site' },
      { Cookie: cookie, ...json, 'X-XSRFToken': xsrf, Origin: 'https://evil.example' },
      { 'X-XSRFToken': xsrf, ...json },
    ]
    for (const headers of refused) {
      const response = await send({ method: 'POST', headers, body: '{}' })
      assert.equal(response.status, 403, JSON.stringify(headers))
    }
    assert.equal(hub.calls.length, 0)

    const meant = await send({ method: 'POST', headers: { Cookie: cookie, ...json, 'X-XSRFToken': xsrf }, body: '{}' })
    assert.equal(meant.status, 202)
  })
  it('means nothing on the internal listener', async () => {
    const response = await hub.internalApi.request('/hub/api/user', {
      headers: { Cookie: cookie, 'X-XSRFToken': xsrf, 'X-Forwarded-User': 'alice', 'Remote-User': 'alice' },
    })
    assert.equal(response.status, 403)
  })
  it('is judged by its token alone when it shows one, even a wrong one', async () => {
    const headers = { Cookie: cookie, 'X-XSRFToken': xsrf }
    const asBob = await send({ headers: { ...headers, Authorization: 'Bearer token-bob' } }, '/hub/api/user')
    const asNobody = await send({ headers: { ...headers, Authorization: 'token wrong' } }, '/hub/api/user')
    const withBasic = await send({ headers: { ...headers, Authorization: 'Basic YTpi' } }, '/hub/api/user')

    assert.equal((await jsonOf(asBob)).name, 'bob')
    assert.equal(asNobody.status, 403)
    assert.equal((await jsonOf(withBasic)).name, 'alice')
  })
  it('is recognised behind tossed cookies', async () => {
    const tossed = `jupyterhub-hub-login=evil; _xsrf=evil; ${cookie}`
    const response = await send({ headers: { Cookie: tossed, 'X-XSRFToken': xsrf } }, '/hub/api/user')
    assert.equal(response.status, 200)
  })
  it('of one person does not work with the XSRF token of another', async () => {
    const other = hub.signIn(bob)
    const mixed = `${cookie.split(';')[0]}; _xsrf=${other.xsrf}`
    const response = await send({ headers: { Cookie: mixed, 'X-XSRFToken': other.xsrf } }, '/hub/api/user')
    assert.equal(response.status, 403)
  })
})

describe('a body', () => {
  const hub = fakeHub()
  const post = (body: string | Uint8Array<ArrayBuffer>, type?: string) =>
    hub.internalApi.request('/hub/api/users/alice/server', {
      method: 'POST',
      body,
      headers: { Authorization: 'token token-alice', ...(type ? { 'Content-Type': type } : {}) },
    })
  it('that is malformed is 400', async () => {
    for (const body of ['{', '[1]', '"text"', '7', '{"a":1}x', new Uint8Array([0x22, 0xff, 0x22]), '{"__proto__":{}}'])
      assert.equal((await post(body)).status, 400, String(body))
    assert.equal((await post(`{"a":"${'x'.repeat(70_000)}"}`)).status, 400)
    assert.equal((await post('{"display_name": 7}')).status, 400)
    assert.equal(hub.calls.length, 0)
  })
  it('counts as JSON whatever its type says, for tokens', async () => {
    hub.calls.length = 0
    assert.equal((await post('{"profile":"small"}', 'application/x-www-form-urlencoded')).status, 202)
    assert.deepEqual(hub.calls[0], {
      what: 'chooseSpec',
      with: { owner: 'alice', options: { profile: 'small' } },
    })
  })
})

describe('an error inside', () => {
  it('is 500 and tells nothing of its words', async () => {
    const hub = fakeHub()
    const apps = mountApi({
      ...hub.deps,
      people: {
        ...hub.deps.people,
        findUser: async () => {
          throw new Error('canary-inside')
        },
      },
    })
    const response = await apps.internalApi.request('/hub/api/users/alice', bearer('token-alice'))
    const text = await response.text()

    assert.equal(response.status, 500)
    assert.match(text, /"instance":"request-1"/)
    assert.doesNotMatch(text, /canary/)
  })
  it('of a choice is 422, of a limit has Retry-After', async () => {
    const hub = fakeHub()
    const response = await hub.internalApi.request('/hub/api/users/alice/server', {
      method: 'POST',
      body: '{"profile":"wrong"}',
      ...bearer('token-alice'),
    })
    assert.equal(response.status, 422)
  })
})

describe('the route table', () => {
  it('does not mount a route that states no access rule', () => {
    const { access: _, ...naked } = { operationId: 'x', path: '/x', access: 'anonymous' }
    const options = {
      ...fakeHub().deps,
      prefix: '',
      headers: {},
      authenticate: async () => ({ kind: 'anonymous' }) as const,
      addressOf: () => '',
      originOf: () => '',
    }
    const routes: ApiRoute[] = JSON.parse(JSON.stringify([{ ...naked, method: 'get', aliases: [] }]))

    assert.throws(() => mountRoutes(new Hono(), routes, options), /states no access rule/)
  })
})

describe('names in paths', () => {
  const hub = fakeHub()
  it('are decoded, and nobody answers to strange ones', async () => {
    for (const name of ['%61lice', 'alice'])
      assert.equal((await hub.internalApi.request(`/hub/api/users/${name}`, bearer('token-alice'))).status, 200)
    for (const name of ['a'.repeat(300), 'alice%00', '%E0%A4%A', 'alice%2F..%2Fbob', '..%2Fbob', 'bob', 'Alice'])
      assert.equal((await hub.internalApi.request(`/hub/api/users/${name}`, bearer('token-alice'))).status, 404, name)
  })
  it('answer the same for "not there" and "not yours"', async () => {
    const texts = await Promise.all(
      ['bob', 'nobody'].map(async (name) =>
        (await hub.internalApi.request(`/hub/api/users/${name}`, bearer('token-alice'))).text(),
      ),
    )
    assert.equal(texts[0], texts[1])
    const forAdmin = await hub.internalApi.request('/hub/api/users/nobody', bearer(`token-${admin.name}`))
    assert.equal(forAdmin.status, 404)
  })
})

describe('activity', () => {
  const hub = fakeHub()
  hub.put(sessionOf(alice, factsOf.ready, { id: 'live' }))
  const post = (body: unknown, token = 'server-alice') =>
    hub.internalApi.request('/hub/api/users/alice/activity', {
      method: 'POST',
      headers: { Authorization: `token ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('is noted with the server’s own token, and answered with 200 and no byte', async () => {
    const at = '2023-11-14T22:13:10.000000Z'
    const response = await post({ servers: { '': { last_activity: at } }, last_activity: at })

    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
    const ms = now - 10_000
    assert.deepEqual(hub.calls, [
      { what: 'touchUser', with: { id: 1, at: ms } },
      { what: 'touch', with: { id: 'live', at: ms } },
    ])
  })
  it('of a time without a zone is UTC, of a clock a little ahead is now', async () => {
    hub.calls.length = 0
    await post({ servers: { '': { last_activity: '2023-11-14T22:40:00.000001' } } })
    assert.deepEqual(hub.calls, [{ what: 'touch', with: { id: 'live', at: now } }])
  })
  it('that cannot be is refused as a whole', async () => {
    hub.calls.length = 0
    const good = { last_activity: '2023-11-14T22:13:10.000000Z' }
    for (const body of [
      { servers: { '': good, nope: good } },
      { servers: { '': good, constructor: good } },
      { servers: { '': { last_activity: 'yesterday' } } },
      { servers: { '': { last_activity: '2023-11-15T00:13:10Z' } } },
      { servers: { '': {} } },
      { last_activity: 12 },
      [],
    ])
      assert.equal((await post(body)).status, 400, JSON.stringify(body))
    assert.deepEqual(hub.calls, [])
  })
})

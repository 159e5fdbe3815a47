import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alice, bearer, factsOf, fakeHub, jsonOf, serviceOf, sessionOf } from './testing/fake-hub.ts'

describe('a service by its own token', () => {
  it('is told who it is, as the single keys of JupyterHub’s model that everybody may see', async () => {
    const hub = fakeHub()
    for (const app of [hub.publicApi, hub.internalApi]) {
      const response = await app.request('/hub/api/user', bearer('token-whoami'))
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('set-cookie'), null)
      assert.deepEqual(await jsonOf(response), {
        kind: 'service',
        name: 'whoami',
        admin: false,
        scopes: [],
        token_id: null,
        session_id: null,
      })
    }
  })
  it('does what its scopes say and nothing else', async () => {
    const hub = fakeHub()
    const session = hub.put(sessionOf(alice, factsOf.ready))
    const ask = (method: string, path: string, token: string) =>
      hub.internalApi.request(`/hub/api${path}`, { method, ...bearer(token) })
    // Whoami has no role: refused, never 401, and nothing moved.
    for (const [method, path] of [
      ['GET', '/users'],
      ['GET', '/users/alice'],
      ['DELETE', '/users/alice/server'],
      ['GET', '/services'],
      ['GET', '/services/whoami'],
      ['GET', '/sessions/events'],
      ['DELETE', '/users/alice'],
    ] as const)
      assert.equal((await ask(method, path, 'token-whoami')).status, 403, path)
    assert.deepEqual(hub.calls, [])

    const listed = await ask('GET', '/users?state=ready', 'token-culler')
    assert.equal(listed.status, 200)
    assert.equal((await ask('DELETE', '/users/alice', 'token-culler')).status, 403)
    assert.equal((await ask('DELETE', '/users/alice/server', 'token-culler')).status, 202)
    assert.deepEqual(hub.calls.at(-1), { what: 'stop', with: { id: session.id, by: 'service:culler' } })
    assert.deepEqual(
      hub.audited.map(({ actor, action, way }) => [actor, action, way]),
      [['service:culler', 'session-stop', 'token']],
    )
  })
  it('has no sessions and is offered no profiles', async () => {
    const hub = fakeHub()
    assert.deepEqual(await (await hub.publicApi.request('/hub/api/profiles', bearer('token-culler'))).json(), [])
    // It may read everybody's servers; the stream is of one's own.
    assert.equal((await hub.publicApi.request('/hub/api/sessions/events', bearer('token-culler'))).status, 404)
  })
  it('counts streams for itself, not for a user', async () => {
    const hub = fakeHub('/', { maxStreamsPerUser: 1 })
    hub.put(sessionOf(alice, factsOf.submitting))
    const follow = (token: string) => hub.publicApi.request('/hub/api/users/alice/server/progress', bearer(token))
    const open = [await follow('token-culler'), await follow('token-alice')]
    assert.deepEqual(
      open.map(({ status }) => status),
      [200, 200],
    )
    assert.equal((await follow('token-culler')).status, 429)
    for (const { body } of open) await body?.cancel()
  })
})

describe('the list of services', () => {
  const whoami = { kind: 'service', name: 'whoami', admin: false }
  const { info } = serviceOf('whoami')
  const full = { ...whoami, url: 'http://127.0.0.1:10101', prefix: '/services/whoami/', command: [], pid: 0, info }

  it('shows what the scopes show', async () => {
    const table: readonly [scopes: string[], path: string, want: unknown][] = [
      [['read:services:name'], '/services/whoami', whoami],
      [['read:roles:services'], '/services/whoami', { ...whoami, roles: [] }],
      [['read:services', 'read:services:name'], '/services/whoami', { ...full, display: true }],
      [['read:services!service=whoami'], '/services/whoami', { ...full, display: true }],
      [['read:services!service=culler'], '/services/whoami', 404],
      [['read:services'], '/services/nobody', 404],
      [['read:services'], '/services/__proto__', 404],
      [['read:users'], '/services/whoami', 403],
      [['list:services!service=whoami'], '/services', { whoami }],
      [['list:services!user=alice'], '/services', 403],
      [['list:services'], '/services', { whoami, culler: { ...whoami, name: 'culler' } }],
    ]
    for (const [scopes, path, want] of table) {
      const hub = fakeHub()
      hub.addToken('asking', alice, new Set(scopes))
      const response = await hub.publicApi.request(`/hub/api${path}`, bearer('asking'))
      if (typeof want === 'number') assert.equal(response.status, want, `${scopes} ${path}`)
      else assert.deepEqual(await response.json(), want, `${scopes} ${path}`)
    }
  })
  it('never tells a token, not even its hash', async () => {
    const hub = fakeHub()
    hub.addToken('asking', alice, new Set(['list:services', 'read:services', 'read:roles:services']))
    const text = await (await hub.publicApi.request('/hub/api/services', bearer('asking'))).text()
    assert.doesNotMatch(text, /token/i)
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { alice, bob, boss, fakeOAuth } from './testing/fake-people.ts'

const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')
const asked = (base: string, change: Record<string, string> = {}) =>
  `${base}hub/api/oauth2/authorize?${new URLSearchParams({
    client_id: 'jupyterhub-user-alice',
    redirect_uri: `${base}user/alice/oauth_callback`,
    response_type: 'code',
    state: 'S',
    ...change,
  })}`
const locationOf = (response: Response): URL => new URL(response.headers.get('location') ?? '', 'http://here.invalid')

for (const base of ['/', '/jupyter/'])
  describe(`authorize below ${base}`, () => {
    it('sends the owner straight back with a code and the state as it came', async () => {
      const hub = fakeOAuth(base)
      const state = 'eyJ1dWlkIjogIjEiLCAibmV4dCI6ICIvdSJ9==+/&?#é '
      const response = await hub.root.request(asked(base, { state }), { headers: { Cookie: hub.cookieOf(alice) } })
      const location = locationOf(response)

      assert.equal(response.status, 302)
      assert.equal(location.pathname, `${base}user/alice/oauth_callback`)
      assert.equal(location.searchParams.get('state'), state)
      assert.equal(location.searchParams.get('code'), 'code-1')
      assert.deepEqual(hub.codes.get('code-1'), {
        clientId: 'jupyterhub-user-alice',
        userId: 1,
        redirectUri: `${base}user/alice/oauth_callback`,
        scopes: ['access:servers!server=alice/', 'read:users:groups!user=alice', 'read:users:name!user=alice'],
        signInId: 'signin-1',
        challenge: null,
      })
      assert.match(
        response.headers.get('set-cookie') ?? '',
        new RegExp(`^jupyterhub-session-id=signin-1; Path=${base};`),
      )
      assert.deepEqual(hub.pages, [])
    })
    it('sends whoever is not signed in to the sign-in page, and back here', async () => {
      const hub = fakeOAuth(base)
      for (const cookie of ['', 'jupyterhub-hub-login=wrong']) {
        const response = await hub.root.request(asked(base), { headers: { Cookie: cookie } })
        const location = locationOf(response)

        assert.equal(response.status, 302)
        assert.equal(location.pathname, `${base}hub/login`)
        assert.equal(location.searchParams.get('next'), asked(base))
      }
    })
  })

describe('authorize', () => {
  const ask = (hub: ReturnType<typeof fakeOAuth>, url: string, who = alice, headers: Record<string, string> = {}) =>
    hub.root.request(url, { headers: { Cookie: hub.cookieOf(who), ...headers } })

  it('leaves a session id that is there alone', async () => {
    const hub = fakeOAuth()
    const cookie = `${hub.cookieOf(alice)}; jupyterhub-session-id=x`
    const response = await hub.root.request(asked('/'), { headers: { Cookie: cookie } })
    assert.equal(response.status, 302)
    assert.equal(response.headers.get('set-cookie'), null)
  })
  // hazard authorize-open-redirect: an authorisation that leads to any address.
  it('never redirects to an address that is not exactly the registered one', async () => {
    const addresses = [
      'https://evil.example/',
      '//evil.example/user/alice/oauth_callback',
      '/user/alice/oauth_callback/',
      '/user/alice/oauth_callback?x=1',
      '/user/alice/../bob/oauth_callback',
      '/user/Alice/oauth_callback',
      'http://hub.example/user/alice/oauth_callback',
    ]
    const wrong = [
      ...addresses.map((redirect_uri) => asked('/', { redirect_uri })),
      asked('/', { client_id: 'nobody' }),
      asked('/', { client_id: '__proto__' }),
      `${asked('/')}&redirect_uri=https://evil.example/`,
      `${asked('/')}&client_id=jupyterhub-user-alice`,
      '/hub/api/oauth2/authorize',
    ]
    for (const url of wrong) {
      const hub = fakeOAuth()
      const response = await ask(hub, url)
      assert.equal(response.status, 400, url)
      assert.equal(response.headers.get('location'), null)
      assert.match(response.headers.get('content-type') ?? '', /text\/html/)
      assert.match(response.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
      assert.equal(hub.pages[0]?.name, 'error')
      assert.equal(hub.codes.size, 0)
    }
  })
  it('redirects to any address that a register holds which nobody has checked', async () => {
    const hub = fakeOAuth()
    const evil = 'https://evil.example/'
    hub.clients.set(hub.client.id, { ...hub.client, redirectUri: evil })
    const response = await ask(hub, asked('/', { redirect_uri: evil }))
    assert.match(response.headers.get('location') ?? '', /^https:\/\/evil\.example\/\?code=code-1/)
  })
  it('refuses a client without a secret', async () => {
    const hub = fakeOAuth()
    hub.clients.set(hub.client.id, { ...hub.client, secretHash: '' })
    assert.equal((await ask(hub, asked('/'))).status, 400)
  })
  it('tells a proven client what it did wrong', async () => {
    const table: readonly [Record<string, string>, string][] = [
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_type: '' }, 'invalid_request'],
      [{ code_challenge: challenge, code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge: challenge }, 'invalid_request'],
      [{ code_challenge: 'short', code_challenge_method: 'S256' }, 'invalid_request'],
      [{ scope: 'admin:users' }, 'invalid_scope'],
      [{ scope: 'inherit' }, 'invalid_scope'],
      [{ scope: 'access:servers!server=bob/' }, 'invalid_scope'],
    ]
    for (const [change, error] of table) {
      const hub = fakeOAuth()
      const location = locationOf(await ask(hub, asked('/', change)))
      assert.equal(location.pathname, '/user/alice/oauth_callback')
      assert.equal(location.searchParams.get('error'), error)
      assert.equal(location.searchParams.get('state'), 'S')
      assert.equal(hub.codes.size, 0)
    }
  })
  it('keeps the challenge, and narrows to the scopes asked for', async () => {
    const hub = fakeOAuth()
    await ask(
      hub,
      asked('/', { code_challenge: challenge, code_challenge_method: 'S256', scope: 'identify read:users:name!user' }),
    )

    assert.equal(hub.codes.get('code-1')?.challenge, challenge)
    assert.deepEqual(hub.codes.get('code-1')?.scopes, ['access:servers!server=alice/', 'read:users:name!user=alice'])
  })
  it('hands out nothing that the visitor does not hold', async () => {
    const hub = fakeOAuth()
    hub.clients.set(hub.client.id, {
      ...hub.client,
      allowedScopes: ['admin:users', 'read:users:name!user', 'servers!user=bob'],
    })
    await ask(hub, asked('/'))
    // Of everybody's users alice may read one: herself. Of bob's servers she holds nothing.
    assert.deepEqual(hub.codes.get('code-1')?.scopes, [
      'access:servers!server=alice/',
      'read:users!user=alice',
      'read:users:activity!user=alice',
      'read:users:groups!user=alice',
      'read:users:name!user=alice',
      'users:activity!user=alice',
    ])
  })
  it('refuses strangers with a page', async () => {
    const hub = fakeOAuth()
    const response = await ask(hub, asked('/'), bob)

    assert.equal(response.status, 403)
    assert.equal(response.headers.get('location'), null)
    assert.equal(hub.codes.size, 0)
  })
  it('asks an admin first, and grants only what is posted with the token', async () => {
    const hub = fakeOAuth()
    const shown = await ask(hub, asked('/'), boss)
    assert.equal(shown.status, 200)
    assert.equal(hub.codes.size, 0)
    const { name, model } = hub.pages[0] ?? {}
    assert.equal(name, 'oauth-confirm')
    const { action, xsrf, owner } = Object(model)
    assert.equal(owner, 'alice')
    const post = (body: string, headers: Record<string, string> = {}) =>
      hub.root.request(action, {
        method: 'POST',
        headers: { Cookie: hub.cookieOf(boss), 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
        body,
      })

    for (const [body, headers] of [
      ['', {}],
      ['_xsrf=guess', {}],
      [`_xsrf=${hub.xsrfOf(alice)}`, {}],
      [`_xsrf=${xsrf}`, { 'Sec-Fetch-Site': 'cross-site' }],
      [`_xsrf=${xsrf}`, { Origin: 'https://evil.example' }],
      [`_xsrf=${xsrf}${'&a=b'.repeat(10_000)}`, {}],
    ] as const)
      assert.equal((await post(body, headers)).status, 403)
    assert.equal(hub.codes.size, 0)

    const granted = await post(`_xsrf=${xsrf}&scopes=admin:users`)
    assert.equal(granted.status, 302)
    assert.deepEqual(hub.codes.get('code-1')?.scopes, [
      'access:servers!server=alice/',
      'read:users:groups!user=boss',
      'read:users:name!user=boss',
    ])
  })
  // hazard posted-scopes: the form posts more than was shown.
  it('grants of what was offered what the form posts, and never more', async () => {
    const granted = async (...posted: string[]) => {
      const hub = fakeOAuth()
      hub.clients.set(hub.client.id, { ...hub.client, allowedScopes: ['read:servers', 'shutdown', 'inherit'] })
      await ask(hub, asked('/'), boss)
      const { action, xsrf } = Object(hub.pages[0]?.model)
      const body = new URLSearchParams({ _xsrf: xsrf })
      for (const scope of posted) body.append('scopes', scope)
      const headers = { Cookie: hub.cookieOf(boss), 'Content-Type': 'application/x-www-form-urlencoded' }
      const answer = await hub.root.request(action, { method: 'POST', headers, body: body.toString() })
      assert.equal(answer.status, 302)
      return hub.codes.get('code-1')?.scopes
    }
    const access = 'access:servers!server=alice/'
    assert.deepEqual(await granted('read:servers', access), [access, 'read:servers'])
    assert.deepEqual(await granted('shutdown', 'inherit', 'admin:users'), [access, 'inherit', 'shutdown'])
    for (const more of ['admin:users', 'read:users', 'servers', 'READ:SERVERS', 'read:servers!user=boss', ' shutdown'])
      assert.deepEqual(await granted(more), [access], more)
    assert.deepEqual(await granted(), [access])
  })
  it('gives the confirmation form a token when the browser has none', async () => {
    const hub = fakeOAuth()
    const response = await hub.root.request(asked('/'), { headers: { Cookie: 'jupyterhub-hub-login=login-boss' } })
    assert.match(response.headers.get('set-cookie') ?? '', /^_xsrf=[^;]+; Path=\/hub\/;/)
  })
  // hazard authorize-post-unchecked: the posted confirmation did not check the access again.
  it('checks a posted form as strictly as a visit', async () => {
    const hub = fakeOAuth()
    const response = await hub.root.request(asked('/'), {
      method: 'POST',
      headers: { Cookie: hub.cookieOf(bob), 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `_xsrf=${hub.xsrfOf(bob)}`,
    })
    assert.equal(response.status, 403)
    assert.equal(hub.codes.size, 0)
  })
  it('answers navigation only: a script of the same origin gets no code', async () => {
    const hub = fakeOAuth()
    assert.equal((await ask(hub, asked('/'), alice, { 'Sec-Fetch-Mode': 'cors' })).status, 403)
    assert.equal((await ask(hub, asked('/'), alice, { 'Sec-Fetch-Mode': 'no-cors' })).status, 403)
    assert.equal(hub.codes.size, 0)
    assert.equal((await ask(hub, asked('/'), alice, { 'Sec-Fetch-Mode': 'navigate' })).status, 302)
  })
  it('takes no tokens for a browser', async () => {
    const hub = fakeOAuth()
    const response = await hub.root.request(asked('/'), { headers: { Authorization: 'token x' } })
    assert.equal(locationOf(response).pathname, '/hub/login')
  })
  it('is not there on the internal listener', async () => {
    const hub = fakeOAuth()
    const response = await hub.internalOAuth.request(asked('/'), { headers: { Cookie: hub.cookieOf(alice) } })
    assert.equal(response.status, 404)
  })
  it('fails with a page that tells nothing', async () => {
    const hub = fakeOAuth()
    hub.deps.people.createCode = async () => {
      throw new Error('canary')
    }
    const response = await ask(hub, asked('/'))
    assert.equal(response.status, 500)
    assert.doesNotMatch(JSON.stringify(hub.pages), /canary/)
  })
})

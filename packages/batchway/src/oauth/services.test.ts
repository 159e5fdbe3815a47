import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { User } from '../people/people.ts'
import { alice, bob, boss, fakeOAuth, now } from './testing/fake-people.ts'

type Hub = ReturnType<typeof fakeOAuth>
const asked = (hub: Hub, more: Record<string, string> = {}): string =>
  `/hub/api/oauth2/authorize?${new URLSearchParams({
    client_id: 'service-whoami',
    redirect_uri: hub.service.redirectUri,
    response_type: 'code',
    state: 'S',
    ...more,
  })}`
const visit = (hub: Hub, who: User, more: Record<string, string> = {}) =>
  hub.root.request(asked(hub, more), { headers: { Cookie: hub.cookieOf(who) } })
const allow = (hub: Hub, who: User, more: Record<string, string> = {}) =>
  hub.root.request(asked(hub, more), {
    method: 'POST',
    headers: { Cookie: hub.cookieOf(who), 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `_xsrf=${encodeURIComponent(hub.xsrfOf(who))}`,
  })
const exchange = (hub: Hub, code: string, change: Record<string, string> = {}) =>
  hub.internalOAuth.request('/hub/api/oauth2/token', {
    method: 'POST',
    body: new URLSearchParams({
      client_id: 'service-whoami',
      client_secret: 'service-secret',
      grant_type: 'authorization_code',
      code,
      redirect_uri: hub.service.redirectUri,
      ...change,
    }),
  })
const identity = ['access:services!service=whoami', 'read:users:groups!user=alice', 'read:users:name!user=alice']

describe('signing in to a service', () => {
  it('asks the visitor, then gives a token that says who they are', async () => {
    const hub = fakeOAuth()
    const page = await visit(hub, alice)
    assert.equal(page.status, 200)
    assert.equal(hub.codes.size, 0)
    const [shown] = hub.pages
    assert.equal(shown?.name, 'oauth-confirm')
    const { owner, name, scopes } = Object(shown?.model)
    assert.deepEqual({ owner, name, scopes }, { owner: null, name: 'whoami', scopes: identity })

    const granted = await allow(hub, alice)
    assert.equal(granted.status, 302)
    assert.equal(granted.headers.get('location'), '/services/whoami/oauth_callback?code=code-1&state=S')
    const answer = await exchange(hub, 'code-1')
    assert.equal(answer.status, 200)
    assert.deepEqual(
      hub.tokens.map(({ token }) => [token.clientId, token.userId, token.signInId, token.scopes]),
      [['service-whoami', alice.id, 'signin-1', identity]],
    )
    assert.deepEqual(
      hub.audited.map(({ actor, action, object, outcome }) => [actor, action, object, outcome]),
      [
        ['alice', 'oauth-granted', 'service:whoami', 'ok'],
        ['service-whoami', 'oauth-token', 'service-whoami', 'ok'],
      ],
    )
    // Used once.
    assert.equal((await exchange(hub, 'code-1')).status, 400)
  })
  it('does not ask again while a token of as much is alive', async () => {
    const hub = fakeOAuth()
    await allow(hub, alice)
    await exchange(hub, 'code-1')
    assert.equal((await visit(hub, alice)).status, 302)
    // Another person, more rights, or a token that is over: asked.
    assert.equal((await visit(hub, boss)).status, 200)
    hub.service.allowedScopes = ['read:users!user', 'read:users:name!user', 'read:users:groups!user']
    assert.equal((await visit(hub, alice)).status, 200)
    hub.service.allowedScopes = []
    for (const each of hub.tokens) Object.assign(each, { token: { ...each.token, expiresAt: now } })
    assert.equal((await visit(hub, alice)).status, 200)
  })
  it('asks nobody where the site vouches for the service', async () => {
    const hub = fakeOAuth()
    hub.service.isTrusted = true
    assert.equal((await visit(hub, alice)).status, 302)
    assert.equal((await visit(hub, bob)).status, 403)
  })
  it('refuses who may not open it, with a page and in the posted form too', async () => {
    for (const ask of [visit, allow]) {
      const hub = fakeOAuth()
      const response = await ask(hub, bob)
      assert.equal(response.status, 403)
      assert.equal(response.headers.get('location'), null)
      assert.equal(hub.codes.size, 0)
      assert.match(JSON.stringify(hub.pages), /bob, who may not open this service.*ask those who run this site/)
      assert.deepEqual(
        hub.audited.map(({ actor, object, outcome }) => [actor, object, outcome]),
        [['bob', 'service:whoami', 'refused']],
      )
    }
  })
  it('compares the return address to the letter', async () => {
    for (const redirect_uri of ['/services/whoami/', '/services/whoami/oauth_callback/', 'https://evil.example/']) {
      const hub = fakeOAuth()
      const response = await visit(hub, alice, { redirect_uri })
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
    }
  })
  it('lets the form lead to a service on a host of its own, and to no other', async () => {
    const hub = fakeOAuth()
    hub.service.redirectUri = 'https://jobs.example:8443/oauth_callback'
    const policy = (await visit(hub, alice)).headers.get('content-security-policy') ?? ''
    assert.match(policy, /form-action 'self' https:\/\/jobs\.example:8443;/)
    const granted = await allow(hub, alice)
    assert.equal(granted.headers.get('location'), 'https://jobs.example:8443/oauth_callback?code=code-1&state=S')
  })
  it('does not know a service by another secret, nor a code of another client', async () => {
    const hub = fakeOAuth()
    await allow(hub, alice)
    assert.equal((await exchange(hub, 'code-1', { client_secret: 'server-secret' })).status, 401)
    // Another client that has the code takes nothing, and burns it.
    assert.equal(
      (await exchange(hub, 'code-1', { client_id: 'jupyterhub-user-alice', client_secret: 'server-secret' })).status,
      400,
    )
    assert.equal((await exchange(hub, 'code-1')).status, 400)
    assert.deepEqual(hub.tokens, [])
  })
})

describe('what a service may do for its visitors', () => {
  const scopesFor = async (who: User, allowedScopes: readonly string[], scope?: string) => {
    const hub = fakeOAuth()
    Object.assign(hub.service, { allowedScopes, isTrusted: true })
    const response = await visit(hub, who, scope === undefined ? {} : { scope })
    const error = new URL(response.headers.get('location') ?? '', 'http://x').searchParams.get('error')
    return error ?? hub.codes.get('code-1')?.scopes
  }
  const access = 'access:services!service=whoami'

  it('is what it is allowed, cut to what the visitor holds', async () => {
    assert.deepEqual(await scopesFor(alice, ['read:servers!user']), [access, 'read:servers!user=alice'])
    // Unfiltered for an administrator, her own for alice.
    const name = 'read:users:name'
    assert.deepEqual(await scopesFor(boss, ['read:servers']), [access, 'read:servers'])
    assert.deepEqual(await scopesFor(alice, ['read:servers']), [
      access,
      'read:servers!user=alice',
      `${name}!user=alice`,
    ])
    assert.deepEqual(await scopesFor(alice, ['read:hub', 'custom:jobs:read']), [access])
  })
  it('may be given by the name of a role, or be everything', async () => {
    assert.deepEqual(await scopesFor(alice, ['visitors']), [access])
    assert.deepEqual(await scopesFor(alice, ['inherit']), [access, 'inherit'])
    assert.deepEqual(await scopesFor(alice, ['token']), [access, 'inherit'])
  })
  it('is less if it asks for less, and never more', async () => {
    const allowed = ['read:users!user', 'servers!user']
    assert.deepEqual(await scopesFor(alice, allowed, 'identify read:servers!user'), [access, 'read:servers!user=alice'])
    assert.deepEqual(await scopesFor(alice, allowed, `${access} identify`), [access])
    for (const wanted of [
      'tokens!user',
      'servers',
      'servers!user=bob',
      'inherit',
      'admin',
      'nonsense',
      'custom:jobs:read',
    ])
      assert.equal(await scopesFor(alice, allowed, wanted), 'invalid_scope', wanted)
  })
})

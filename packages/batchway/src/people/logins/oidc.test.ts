import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../../core/errors.ts'
import { silentLogger } from '../../core/logger.ts'
import { type Bends, type BentProvider, bentProvider } from '../testing/bent-provider.ts'
import { type OidcSettings, oidcLogin } from './oidc.ts'

const callback = 'http://hub.test/hub/login/oidc/callback'
const state = 's'.repeat(40)

const loginOf = (issuer: string, more: Partial<OidcSettings> = {}) =>
  oidcLogin(
    {
      id: 'oidc',
      button: 'Sign in',
      issuer,
      clientId: 'batchway',
      clientSecret: 'a secret',
      clientAuthentication: 'basic',
      scopes: ['profile'],
      subject: 'preferred_username',
      claims: { groups: 'realm_access.roles' },
      verifiedEmail: false,
      userInfo: 'when-needed',
      session: 'own',
      recheckSeconds: null,
      signOut: 'both',
      autoStart: false,
      callback: 'own',
      parameters: {},
      ...more,
    },
    { log: silentLogger, now: Date.now },
  )

/** Everything from the button to the identity. */
async function signIn(provider: BentProvider, more: Partial<OidcSettings> = {}, bends: Bends = {}) {
  const login = loginOf(provider.issuer, more)
  const { address, memory } = await login.start(callback, state)
  Object.assign(provider.bends, bends)
  return login.finish(provider.answer(address), memory)
}
const isForbidden = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BatchwayError, String(error))
  assert.equal(error.code, 'forbidden')
  assert.match(error.message, words)
  return true
}
const misfit = isForbidden(/does not fit this sign-in/)

describe('an identity from a provider', () => {
  it('has the name, the claims and those from nested places', async () => {
    await using provider = await bentProvider()
    const { kept, ...identity } = await signIn(provider)
    assert.deepEqual(identity, {
      subject: 'alice',
      claims: {
        iss: [provider.issuer],
        sub: ['s-1'],
        sid: ['there-1'],
        preferred_username: ['alice'],
        groups: ['operator'],
      },
      endsAt: null,
    })
    assert.deepEqual(kept?.handles, ['subject:s-1', 'session:there-1'])
    assert.ok(!provider.asked.includes('/userinfo'))
  })
  it('asks for what it needs with PKCE, state, nonce and the exact redirect address', async () => {
    await using provider = await bentProvider()
    const login = loginOf(provider.issuer, {
      scopes: ['profile', 'openid'],
      parameters: { idphint: 'https://a.example' },
    })
    const sent = new URL((await login.start(callback, state)).address).searchParams
    const { code_challenge: challenge = '', nonce = '', ...rest } = Object.fromEntries(sent)
    assert.match(challenge, /^[\w-]{43}$/)
    assert.match(nonce, /^[\w-]{32,}$/)
    assert.deepEqual(rest, {
      client_id: 'batchway',
      code_challenge_method: 'S256',
      idphint: 'https://a.example',
      redirect_uri: callback,
      response_type: 'code',
      scope: 'openid profile',
      state,
    })
  })
  it('asks userinfo for what the ID token lacks, and never mixes two people', async () => {
    await using provider = await bentProvider()
    const more = { subject: 'eppn', claims: { groups: 'isMemberOf' } }
    const userInfo = { eppn: 'alice@example.edu', isMemberOf: ['hpc'], preferred_username: 'mallory' }
    const { subject, claims } = await signIn(provider, more, { userInfo })
    assert.equal(subject, 'alice@example.edu')
    assert.deepEqual(claims.groups, ['hpc'])
    assert.deepEqual(claims.preferred_username, ['alice'], 'the ID token’s word counts')
    await assert.rejects(signIn(provider, more, { userInfo: { ...userInfo, sub: 's-2' } }), misfit)
    await assert.rejects(signIn(provider, { ...more, userInfo: 'never' }), isForbidden(/does not tell your name/))
  })
  it('needs one name, as text', async () => {
    await using provider = await bentProvider()
    for (const name of [undefined, '', 7, ['alice'], { a: 1 }, 'x'.repeat(300)])
      await assert.rejects(
        signIn(provider, {}, { claims: { preferred_username: name } }),
        isForbidden(/does not tell your name/),
      )
  })
  // CVE-2024-29033 (OAuthenticator): an address that the provider had not verified.
  it('needs a verified address where that is asked', async () => {
    await using provider = await bentProvider()
    const more = { verifiedEmail: true, subject: 'email' }
    const email = 'alice@example.edu'
    for (const verified of [undefined, false, 'false', 1])
      await assert.rejects(
        signIn(provider, more, { claims: { email, email_verified: verified } }),
        isForbidden(/has not verified your e-mail/),
      )
    assert.equal((await signIn(provider, more, { claims: { email, email_verified: true } })).subject, email)
  })
  it('ends with the provider’s session where that is asked', async () => {
    await using provider = await bentProvider()
    const before = Date.now()
    assert.equal((await signIn(provider)).endsAt, null)
    const byToken = (await signIn(provider, { session: 'provider' })).endsAt ?? 0
    assert.ok(byToken >= before + 298_000 && byToken <= Date.now() + 301_000)
    const byRefresh = await signIn(provider, { session: 'provider' }, { tokens: { refresh_expires_in: 1_800 } })
    assert.ok((byRefresh.endsAt ?? 0) >= before + 1_799_000)
  })
})

describe('an answer of the provider that is not right', () => {
  const now = Math.floor(Date.now() / 1_000)
  const table: readonly [what: string, bends: Bends][] = [
    ['another issuer in the token', { claims: { iss: 'https://evil.example' } }],
    ['another audience', { claims: { aud: 'other' } }],
    ['several audiences and another party', { claims: { aud: ['batchway', 'other'], azp: 'other' } }],
    ['an end in the past', { claims: { exp: now - 60 } }],
    ['no end', { claims: { exp: undefined } }],
    ['a beginning in the future', { claims: { nbf: now + 3_600 } }],
    ['another nonce', { claims: { nonce: 'x'.repeat(43) } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['no subject', { claims: { sub: undefined } }],
    ['a key that is not the provider’s', { foreignKey: true }],
    ['no signature', { unsigned: true }],
    ['no ID token', { tokens: { id_token: undefined } }],
    ['an ID token that is none', { tokens: { id_token: 'a.b.c' } }],
    ['no JSON', { token: { status: 200, body: '<html>' } }],
    ['another type', { token: { status: 200, body: '{}', type: 'text/html' } }],
    ['a refusal of the code', { token: { status: 400, body: '{"error":"invalid_grant"}' } }],
  ]
  // CVE-2023-25574 (ltiauthenticator): a token whose signature nobody checked.
  for (const [what, bends] of table)
    it(`is refused: ${what}`, async () => {
      await using provider = await bentProvider()
      await assert.rejects(signIn(provider, {}, bends), misfit)
      provider.bends.claims = {}
      for (const name of ['foreignKey', 'unsigned', 'tokens', 'token'] as const) delete provider.bends[name]
      assert.equal((await signIn(provider)).subject, 'alice', 'and the unbent one is not')
    })

  it('is refused: another provider in the answer, where the provider says that it names itself (RFC 9207)', async () => {
    await using provider = await bentProvider()
    provider.bends.description = { authorization_response_iss_parameter_supported: true }
    const login = loginOf(provider.issuer)
    const { address, memory } = await login.start(callback, state)
    for (const iss of ['', '&iss=https%3A%2F%2Fevil.example'])
      await assert.rejects(login.finish(provider.answer(address) + iss, memory), misfit)
    const right = `&iss=${encodeURIComponent(provider.issuer)}`
    assert.equal((await login.finish(provider.answer(address) + right, memory)).subject, 'alice')
  })
  it('is refused: an answer to another start, and a code that was used', async () => {
    await using provider = await bentProvider()
    const login = loginOf(provider.issuer)
    const mine = await login.start(callback, state)
    const other = await login.start(callback, 'o'.repeat(40))
    await assert.rejects(login.finish(provider.answer(other.address), mine.memory), misfit)
    // The state fits, the code is of the other start: PKCE and nonce see it.
    const mixed = new URL(provider.answer(other.address))
    mixed.searchParams.set('state', state)
    await assert.rejects(login.finish(mixed.href, mine.memory), misfit)
    const back = provider.answer(mine.address)
    await login.finish(back, mine.memory)
    await assert.rejects(login.finish(back, mine.memory), misfit)
  })
  for (const [error, words] of [
    ['access_denied', /did not let you in/],
    ['login_required', /sign in there first/],
    ['consent_required', /needs your consent/],
    ['temporarily_unavailable', /busy just now/],
    ['server_error', /a problem of its own/],
    ['invalid_scope', /does not accept this gateway’s request/],
    ['<b>', /does not fit this sign-in/],
    ['constructor', /does not accept this gateway’s request/],
  ] as const)
    it(`is told in our words: ${error}`, async () => {
      await using provider = await bentProvider()
      const login = loginOf(provider.issuer)
      const { memory } = await login.start(callback, state)
      const back = `${callback}?${new URLSearchParams({ state, error, error_description: '<script>alert(1)</script>' })}`
      await assert.rejects(login.finish(back, memory), isForbidden(words))
    })
})

describe('a provider that does not answer', () => {
  const isSilent = (error: unknown) => error instanceof BatchwayError && error.code === 'sign_in_unavailable'

  it('is told as such, and asked again the next time', async () => {
    await using provider = await bentProvider()
    const login = loginOf('http://127.0.0.1:1')
    await assert.rejects(login.start(callback, state), isSilent)
    provider.bends.description = { issuer: 'https://evil.example' }
    const bent = loginOf(provider.issuer)
    await assert.rejects(bent.start(callback, state), isSilent, 'one that calls itself otherwise is none')
    provider.bends.description = {}
    assert.ok((await bent.start(callback, state)).address.startsWith(provider.issuer))
  })
  it('is asked once by all who come at once', async () => {
    await using provider = await bentProvider()
    const login = loginOf(provider.issuer)
    await Promise.all(Array.from({ length: 20 }, () => login.start(callback, state)))
    assert.equal(provider.asked.filter((path) => path.includes('well-known')).length, 1)
  })
  it('may fail while the code is exchanged', async () => {
    await using provider = await bentProvider()
    await assert.rejects(signIn(provider, {}, { token: { status: 503, body: '' } }), isSilent)
  })
})

describe('asking again', () => {
  const more = { recheckSeconds: 600 }
  it('tells the claims of now, with a refresh token that changes each time', async () => {
    await using provider = await bentProvider()
    const { kept } = await signIn(provider, more)
    const { recheck } = loginOf(provider.issuer, more)
    assert.ok(kept && recheck)
    provider.bends.claims = { realm_access: { roles: ['guest'] } }
    const first = await recheck.ask(kept.text)
    assert.deepEqual(first?.claims.groups, ['guest'])
    const second = await recheck.ask(first?.kept?.text ?? '')
    assert.equal(second?.subject, 'alice')
    assert.deepEqual(second?.kept?.handles, kept.handles)
  })
  it('says when the provider refuses, or means somebody else', async () => {
    await using provider = await bentProvider()
    const { recheck } = loginOf(provider.issuer, more)
    const { kept } = await signIn(provider, more)
    provider.bends.claims = { sub: 's-2' }
    assert.equal(await recheck?.ask(kept?.text ?? ''), null)
    provider.bends.claims = {}
    assert.equal(await recheck?.ask(kept?.text ?? ''), null, 'that refresh token was used')
  })
  it('does not take silence for a refusal', async () => {
    await using provider = await bentProvider()
    const { kept } = await signIn(provider, more)
    const { recheck } = loginOf(provider.issuer, more)
    for (const status of [500, 502, 401]) {
      provider.bends.token = { status, body: '{"error":"invalid_client"}' }
      await assert.rejects(async () => recheck?.ask(kept?.text ?? ''), `${status}`)
    }
    delete provider.bends.token
    assert.equal((await recheck?.ask(kept?.text ?? ''))?.subject, 'alice')
  })
  it('keeps no refresh token where it is not asked for', async () => {
    await using provider = await bentProvider()
    assert.doesNotMatch((await signIn(provider)).kept?.text ?? '', /refresh-/)
    assert.match((await signIn(provider, more)).kept?.text ?? '', /refresh-/)
  })
})

describe('signing out', () => {
  it('goes on to the provider with the hint of whom it is about', async () => {
    await using provider = await bentProvider()
    const { kept } = await signIn(provider)
    const login = loginOf(provider.issuer)
    const address = new URL((await login.signOutAddress('http://hub.test/out', kept?.text ?? null)) ?? '')
    assert.equal(address.pathname, '/end')
    assert.equal(address.searchParams.get('post_logout_redirect_uri'), 'http://hub.test/out')
    assert.equal(address.searchParams.get('client_id'), 'batchway')
    assert.match(address.searchParams.get('id_token_hint') ?? '', /^ey/)
  })
  it('stays here where that is asked, the provider offers nothing, or is down', async () => {
    await using provider = await bentProvider()
    assert.equal(await loginOf(provider.issuer, { signOut: 'here' }).signOutAddress('http://hub.test/', null), null)
    assert.equal(await loginOf('http://127.0.0.1:1').signOutAddress('http://hub.test/', null), null)
    provider.bends.description = { end_session_endpoint: undefined }
    assert.equal(await loginOf(provider.issuer).signOutAddress('http://hub.test/', null), null)
  })
})

describe('the provider’s word that somebody signed out there', () => {
  const seconds = Math.floor(Date.now() / 1_000)
  it('names the session, or the person', async () => {
    await using provider = await bentProvider()
    const told = async (claims: Record<string, unknown>) =>
      loginOf(provider.issuer).signedOutThere?.(await provider.logoutToken(claims))
    assert.deepEqual(await told({ sid: 'there-1', sub: 's-1' }), ['session:there-1'])
    assert.deepEqual(await told({ sub: 's-1' }), ['subject:s-1'])
  })
  for (const [what, claims] of [
    ['another issuer', { sub: 's-1', iss: 'https://evil.example' }],
    ['another audience', { sub: 's-1', aud: 'other' }],
    ['an old one', { sub: 's-1', iat: seconds - 3_600, exp: seconds + 60 }],
    ['an ended one', { sub: 's-1', exp: seconds - 60 }],
    ['an ID token', { sub: 's-1', events: undefined }],
    ['another event', { sub: 's-1', events: { 'http://other.example': {} } }],
    ['one with a nonce', { sub: 's-1', nonce: 'n' }],
    ['one about nobody', {}],
    ['one without an id', { sub: 's-1', jti: undefined }],
  ] as const)
    it(`is not believed: ${what}`, async () => {
      await using provider = await bentProvider()
      assert.equal(await loginOf(provider.issuer).signedOutThere?.(await provider.logoutToken(claims)), null)
    })
  it('is not believed from another’s key, unsigned, or as noise', async () => {
    await using provider = await bentProvider()
    const { signedOutThere } = loginOf(provider.issuer)
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const token of [
      await provider.logoutToken({ sub: 's-1' }, 'foreign'),
      `${part({ alg: 'none' })}.${part({ sub: 's-1', iss: provider.issuer })}.`,
      '',
      'x',
      'a.b.c',
    ])
      assert.equal(await signedOutThere?.(token), null)
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { matchesChallenge } from './pkce.ts'
import { fakeOAuth, now } from './testing/fake-people.ts'

const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')

function hubWithCode(base = '/', change: { challenge?: string; clientId?: string } = {}) {
  const hub = fakeOAuth(base)
  hub.codes.set('code', {
    clientId: 'jupyterhub-user-alice',
    userId: 1,
    redirectUri: `${base}user/alice/oauth_callback`,
    scopes: ['access:servers!server=alice/', 'read:users:name!user=alice'],
    signInId: 'signin-1',
    challenge: null,
    ...change,
  })
  const form = {
    client_id: 'jupyterhub-user-alice',
    client_secret: 'server-secret',
    grant_type: 'authorization_code',
    code: 'code',
    redirect_uri: `${base}user/alice/oauth_callback`,
  }
  const post = (
    changes: Record<string, string> = {},
    headers: Record<string, string> = {},
    listener: 'internalOAuth' | 'publicOAuth' = 'internalOAuth',
  ) =>
    hub[listener].request(`${base}hub/api/oauth2/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: 'token server-secret',
        ...headers,
      },
      body: new URLSearchParams({ ...form, ...changes }).toString(),
    })
  return { ...hub, form, post }
}
const answer = async (response: Response): Promise<Record<string, unknown>> => ({ ...Object(await response.json()) })

for (const base of ['/', '/jupyter/'])
  for (const listener of ['internalOAuth', 'publicOAuth'] as const)
    it(`changes a code into a token below ${base} on ${listener}`, async () => {
      const hub = hubWithCode(base)
      const response = await hub.post({}, {}, listener)
      const body = await answer(response)

      assert.equal(response.status, 200)
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.equal(response.headers.get('pragma'), 'no-cache')
      assert.equal(response.headers.get('set-cookie'), null)
      assert.equal(response.headers.get('x-jupyterhub-version'), '5.4.5')
      assert.deepEqual(body, {
        access_token: hub.tokens[0]?.text,
        expires_in: 1_209_600,
        token_type: 'Bearer',
        scope: 'access:servers!server=alice/ read:users:name!user=alice',
      })
      assert.deepEqual(hub.tokens[0]?.token, {
        kind: 'oauth',
        userId: 1,
        scopes: ['access:servers!server=alice/', 'read:users:name!user=alice'],
        note: `OAuth token for Server at ${base}user/alice/`,
        clientId: 'jupyterhub-user-alice',
        signInId: 'signin-1',
        sessionId: null,
        expiresAt: now + 1_209_600_000,
      })
    })

describe('the token endpoint', () => {
  it('takes a code once', async () => {
    const hub = hubWithCode()
    assert.equal((await hub.post()).status, 200)
    const again = await hub.post()

    assert.equal(again.status, 400)
    assert.equal((await answer(again)).error, 'invalid_grant')
    assert.equal(hub.tokens.length, 1)
  })
  it('refuses a wrong client with 401, never 403, and leaves the code alone', async () => {
    for (const change of [
      { client_secret: 'guess' },
      { client_secret: '' },
      { client_id: 'nobody' },
      { client_secret: 'x'.repeat(600) },
    ]) {
      const hub = hubWithCode()
      const response = await hub.post(change)
      assert.equal(response.status, 401)
      assert.equal((await answer(response)).error, 'invalid_client')
      assert.equal(hub.codes.size, 1)
    }
    const hub = hubWithCode()
    hub.clients.set(hub.client.id, { ...hub.client, secretHash: '' })
    assert.equal((await hub.post({ client_secret: '' })).status, 401)
  })
  it('refuses what does not belong together with 400', async () => {
    const table: readonly [Record<string, string>, string][] = [
      [{ redirect_uri: '/user/bob/oauth_callback' }, 'invalid_grant'],
      [{ code: 'other' }, 'invalid_grant'],
      [{ code: '' }, 'invalid_request'],
      [{ code: 'x'.repeat(1000) }, 'invalid_request'],
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ]
    for (const [change, error] of table) {
      const hub = hubWithCode()
      const response = await hub.post(change)
      assert.equal(response.status, 400)
      assert.equal((await answer(response)).error, error)
      assert.equal(hub.tokens.length, 0)
    }
  })
  it('refuses a code of another client', async () => {
    const hub = hubWithCode('/', { clientId: 'jupyterhub-user-bob' })
    assert.equal((await answer(await hub.post())).error, 'invalid_grant')
  })
  it('would take it from a register of codes that forgets for whom they were made', async () => {
    const hub = hubWithCode('/', { clientId: 'jupyterhub-user-bob' })
    const { redeemCode } = hub.deps.people
    Object.assign(hub.deps.people, {
      redeemCode: async (text: string) => {
        const code = await redeemCode(text)
        return code && { ...code, clientId: 'jupyterhub-user-alice' }
      },
    })
    assert.equal((await hub.post()).status, 200)
  })
  it('honours PKCE', async () => {
    assert.equal((await hubWithCode('/', { challenge }).post({ code_verifier: verifier })).status, 200)
    assert.equal((await hubWithCode('/', { challenge }).post({ code_verifier: 'w'.repeat(43) })).status, 400)
    assert.equal((await hubWithCode('/', { challenge }).post()).status, 400)
    assert.equal((await hubWithCode().post({ code_verifier: verifier })).status, 200)
  })
  it('takes the client’s credentials by HTTP Basic too', async () => {
    const hub = hubWithCode()
    const { client_id: _id, client_secret: _secret, ...rest } = hub.form
    const send = (secret: string) =>
      hub.internalOAuth.request('/hub/api/oauth2/token', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${Buffer.from(`jupyterhub-user-alice:${secret}`).toString('base64')}`,
        },
        body: new URLSearchParams(rest).toString(),
      })
    assert.equal((await send('wrong')).status, 401)
    assert.equal((await send('server-secret')).status, 200)
  })
  it('reads forms only, of a sensible size, that say each thing once', async () => {
    const hub = hubWithCode()
    const form = new URLSearchParams(hub.form).toString()
    const send = (body: string, type: string) =>
      hub.internalOAuth.request('/hub/api/oauth2/token', { method: 'POST', headers: { 'Content-Type': type }, body })
    const formType = 'application/x-www-form-urlencoded'

    assert.equal((await send(JSON.stringify(hub.form), 'application/json')).status, 400)
    assert.equal((await send(`${form}&client_id=x`, formType)).status, 400)
    assert.equal((await send(`${form}&x=${'y'.repeat(20_000)}`, formType)).status, 400)
    assert.equal((await send(form, `${formType}; charset=utf-8`)).status, 200)
  })
  it('answers for a sign-in or a server that ended meanwhile as for a code that is void', async () => {
    const hub = hubWithCode()
    hub.deps.people.insertToken = async () => {
      throw new BatchwayError('gone', 'The sign-in has ended.')
    }
    const response = await hub.post()
    assert.equal(response.status, 400)
    assert.equal((await answer(response)).error, 'invalid_grant')
    assert.deepEqual(
      hub.audited.map(({ outcome }) => outcome),
      ['refused'],
    )
  })
  it('says nothing of what went wrong inside', async () => {
    const hub = hubWithCode()
    hub.deps.people.redeemCode = async () => {
      throw new Error('canary')
    }
    const response = await hub.post()
    assert.equal(response.status, 500)
    assert.doesNotMatch(await response.text(), /canary/)
  })
})

describe('matchesChallenge', () => {
  it('agrees with the example of RFC 7636, appendix B', () => {
    const sample = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    assert.ok(matchesChallenge(sample, 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'))
    assert.ok(!matchesChallenge(`${sample}x`, 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'))
    assert.ok(!matchesChallenge('short', 'x'))
  })
})

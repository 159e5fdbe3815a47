/** What applications ask when they send a browser to us, and what they say when they change a code into a token. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../core/testing/any-text.ts'
import { coversScopeText } from '../people/scopes.ts'
import { checkAuthorize, grantScopes, parseAuthorize, redirectWith } from './authorize-request.ts'
import { isChallenge, matchesChallenge } from './pkce.ts'

const names = [
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'scope',
  'code_challenge',
  'code_challenge_method',
  'x',
  '__proto__',
]
const pairs = fc.array(
  fc.tuple(fc.constantFrom(...names), anyText('code', 'S256', 'plain', 'a'.repeat(43), 'a'.repeat(5_000), ' ', '&')),
  { maxLength: 9 },
)

describe('a request for a sign-in', () => {
  it('is what it says once, in bounds, or is none', () =>
    fc.assert(
      fc.property(pairs, (all) => {
        const search = new URLSearchParams(all)
        const read = parseAuthorize(search)
        if (read === null) return
        assert.equal(read.clientId, search.get('client_id'))
        assert.equal(read.redirectUri, search.get('redirect_uri'))
        assert.equal(read.state, search.get('state'))
        for (const name of names.slice(0, 7)) assert.ok(search.getAll(name).length <= 1)
        if (checkAuthorize(read) !== null) return
        assert.equal(read.responseType, 'code')
        assert.ok(read.challenge === null || isChallenge(read.challenge))
      }),
    ))

  it('is granted what the visitor holds and the client may have, and nothing beside', () => {
    const scope = anyText(
      'servers',
      'access:servers!server=alice/',
      'admin:users',
      'identify',
      'read:users:name!user',
      '!user=bob',
      ' ',
    )
    fc.assert(
      fc.property(scope, fc.array(scope, { maxLength: 3 }), (asked, allowedScopes) => {
        const held = new Set(['servers!user=alice', 'access:servers!user=alice', 'read:users:name!user=alice'])
        const client = { allowedScopes, access: 'access:servers!server=alice/', owner: { name: 'alice' }, name: '' }
        const granted = grantScopes(asked, client, { name: 'alice', scopes: held, groupsOf: () => [] })
        for (const each of granted ?? []) assert.ok(coversScopeText(held, each, () => []))
      }),
    )
  })

  it('is answered at the registered address, with the state to the letter', () =>
    fc.assert(
      fc.property(
        fc.constantFrom('/user/alice/oauth_callback', 'https://a.example/cb?x=1'),
        anyText('&', '=', '#', '%', ' ', '\n').map((text) => text.toWellFormed()),
        (address, state) => {
          const url = new URL(redirectWith(address, { code: 'c', state, none: null }), 'https://hub.example')
          assert.ok(url.href.startsWith(new URL(address, 'https://hub.example').href))
          assert.deepEqual(
            [url.searchParams.getAll('state'), url.searchParams.getAll('code'), url.hash],
            [[state], ['c'], ''],
          )
        },
      ),
    ))
})

describe('a verifier', () => {
  it('fits the challenge that was made of it alone', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._~-]{43,128}$/), anyText('a'.repeat(43), '-'), (verifier, other) => {
        const challenge = createHash('sha256').update(verifier).digest('base64url')
        assert.ok(isChallenge(challenge) && matchesChallenge(verifier, challenge))
        assert.equal(matchesChallenge(other, challenge), other === verifier)
        assert.equal(matchesChallenge(undefined, challenge), false)
      }),
    ))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { pageKind } from './page-kinds.ts'

describe('what a request for a page counts as', () => {
  for (const [method, path, handler, event] of [
    ['GET', '/jupyter/hub/home', 'page/home', null],
    ['GET', '/jupyter/hub/sessions/s12', 'page/sessions', null],
    ['GET', '/jupyter/hub/nonsense', 'page', null],
    ['GET', '/jupyter/', 'page', null],
    ['GET', '/hub/home', 'page', null],
    ['GET', '/jupyter/hub/login', 'page/login', null],
    ['POST', '/jupyter/hub/login', 'page/login', 'sign-in'],
    ['GET', '/jupyter/hub/login/link', 'page/login', null],
    ['POST', '/jupyter/hub/login/link', 'page/login', 'sign-in'],
    ['GET', '/jupyter/hub/login/sso/start', 'page/login', null],
    ['GET', '/jupyter/hub/login/sso/callback', 'page/login', 'sign-in'],
    ['GET', '/jupyter/hub/oauth_callback', 'page/oauth_callback', 'sign-in'],
    ['POST', '/jupyter/hub/login/sso/backchannel', 'page/login', null],
    ['GET', '/jupyter/hub/logout', 'page/logout', 'sign-out'],
    ['POST', '/jupyter/hub/security/csp-report', 'page/security', 'csp-report'],
    ['GET', '/jupyter/hub/api/oauth2/authorize', 'api/oauth2/authorize', null],
    ['POST', '/jupyter/hub/api/oauth2/token', 'api/oauth2/token', null],
  ] as const)
    it(`${method} ${path}`, () => assert.deepEqual(pageKind('/jupyter/hub/', method, path), { handler, event }))

  it('is one of a bounded number of names, whatever is asked for', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('home', 'login', 'api', 'oauth2', 'token', 'callback', ''))
    const names = new Set<string>()
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        names.add(pageKind('/hub/', 'GET', `/hub/${pieces.join('/')}`).handler)
      }),
      { numRuns: 2_000 },
    )
    for (const name of names) assert.match(name, /^(page(\/[a-z_-]+)?|api\/oauth2\/(authorize|token))$/)
    assert.ok(names.size < 25)
  })
})

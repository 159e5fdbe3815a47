import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiHeaders, escapeName, isServerName, originOf, pageHeaders, serverApiPath, serverPath } from './http.ts'

describe('addresses', () => {
  const escaped: readonly [string, string][] = [
    ['alice', 'alice'],
    ['alice@uni.example', 'alice@uni.example'],
    ['a.b_c-d~e', 'a.b_c-d~e'],
    ["o'neil (x)*!", 'o%27neil%20%28x%29%2A%21'],
    ['a/../b?c#d', 'a%2F..%2Fb%3Fc%23d'],
    ['ü', '%C3%BC'],
  ]
  for (const [name, want] of escaped)
    it(`escape ${name} as JupyterHub does`, () => assert.equal(escapeName(name), want))

  it('take names of servers that need no escaping and cannot climb', () => {
    for (const name of ['lab', 'L', 'my_lab-2.0', '7']) assert.ok(isServerName(name), name)
    for (const name of ['', '.', '..', '.x', '-x', '_x', 'a b', 'a/b', 'ü', 'x'.repeat(33)])
      assert.ok(!isServerName(name), name)
  })
  it('of servers begin with the base', () => {
    assert.equal(serverPath('/', 'alice', ''), '/user/alice/')
    assert.equal(serverPath('/jupyter/', 'alice', 'my lab'), '/jupyter/user/alice/my%20lab/')
    assert.equal(serverApiPath('alice', ''), '/users/alice/server')
    assert.equal(serverApiPath('alice', 'lab'), '/users/alice/servers/lab')
    assert.equal(originOf('https://hub.example:8443/jupyter/'), 'https://hub.example:8443')
  })
})

describe('headers', () => {
  const versions = { jupyterhub: '5.4.5', batchway: '0.1.0' }
  it('announce both versions and forbid framing', () => {
    for (const headers of [apiHeaders('/jupyter/', versions), pageHeaders('/jupyter/', versions)]) {
      assert.equal(headers['X-JupyterHub-Version'], '5.4.5')
      assert.equal(headers['X-Batchway-Version'], '0.1.0')
      assert.match(headers['Content-Security-Policy'] ?? '', /frame-ancestors 'none'/)
      assert.match(headers['Content-Security-Policy'] ?? '', /report-uri \/jupyter\/hub\/security\/csp-report/)
    }
  })
})

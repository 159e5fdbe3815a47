import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pageType } from './pagination.ts'
import { fakeHub, jsonOf } from './testing/fake-hub.ts'

const asAdmin = (method = 'GET', body?: string, accept = '*/*') => ({
  method,
  headers: { Authorization: 'token token-root-admin', Accept: accept },
  ...(body !== undefined && { body }),
})

describe('the hub itself', () => {
  it('says what it is made of, in JupyterHub’s words', async () => {
    const info = await jsonOf(await fakeHub().internalApi.request('/hub/api/info', asAdmin()))
    assert.deepEqual(info, {
      version: '5.4.5',
      python: 'Node.js v24',
      sys_executable: '/opt/node',
      spawner: { class: 'batchway.schedulers (local)', version: '0.1.0' },
      authenticator: { class: 'batchway.people (pam, link)', version: '0.1.0' },
    })
  })
  it('shows the proxy’s routes, and nothing that is between hub and proxy', async () => {
    const hub = fakeHub()
    const answer = await hub.internalApi.request('/hub/api/proxy', asAdmin())
    const text = await answer.text()
    assert.doesNotMatch(text, /canary/)
    assert.deepEqual(JSON.parse(text), {
      '/': { routespec: '/', target: 'http+unix://hub', data: { hub: true, jupyterhub: true } },
      '/user/alice/': {
        routespec: '/user/alice/',
        target: 'https://n1:4321',
        data: { user: 'alice', server_name: '', jupyterhub: true },
      },
    })
    const page = await jsonOf(
      await hub.internalApi.request('/hub/api/proxy?limit=1', asAdmin('GET', undefined, pageType)),
    )
    assert.deepEqual(Object.keys(Object(page.items)), ['/'])
    assert.equal(Object(page._pagination).total, 2)
    assert.equal(Object(page._pagination).next.offset, 1)
  })
  it('mends routes when asked, and lets nobody move the proxy', async () => {
    const hub = fakeHub()
    const ask = async (method: string, body?: string) =>
      (await hub.internalApi.request('/hub/api/proxy', asAdmin(method, body))).status
    assert.equal(await ask('POST'), 200)
    assert.equal(await ask('PATCH', '{}'), 200)
    assert.deepEqual(hub.calls, Array(2).fill({ what: 'mendRoutes', with: {} }))
    for (const bad of ['{"api_url":"http://evil.example"}', '{"auth_token":"x"}', '[]', 'null', '{'])
      assert.equal(await ask('PATCH', bad), 400, bad)
    assert.equal(hub.calls.length, 2)
  })
  it('stops when asked, and says what it cannot stop', async () => {
    const hub = fakeHub()
    const ask = (body?: string) => hub.internalApi.request('/hub/api/shutdown', asAdmin('POST', body))
    for (const bad of ['{"servers":"yes"}', '{"proxy":1}', '{"proxy":true}'])
      assert.equal((await ask(bad)).status, 400, bad)
    assert.deepEqual([hub.calls, hub.audited], [[], []])
    const answer = await ask('{"servers":true,"proxy":false}')
    assert.deepEqual([answer.status, await jsonOf(answer)], [202, { message: 'Shutting down Hub' }])
    assert.deepEqual(hub.calls, [{ what: 'shutDown', with: { servers: true, by: 'root-admin' } }])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listApiRoutes } from './app.ts'
import { fakeHub, jsonOf } from './testing/fake-hub.ts'

describe('the description', () => {
  it('has every route, below the configured base, with its access rule', async () => {
    const hub = fakeHub('/jupyter/')
    const response = await hub.publicApi.request('/jupyter/hub/api/openapi.json')
    const document = await jsonOf(response)

    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(document.servers, [{ url: '/jupyter/hub/api' }])
    const paths: Record<string, Record<string, { operationId: string; description: string; responses: object }>> = {
      ...Object(document.paths),
    }
    for (const route of listApiRoutes(hub.deps)) {
      const operation = paths[route.path === '' ? '/' : route.path]?.[route.method]
      assert.equal(operation?.operationId, route.operationId)
      assert.notEqual(operation?.description, '')
      assert.ok('default' in (operation?.responses ?? {}))
    }
    for (const name of ['User', 'Server', 'Session', 'Problem'])
      assert.ok(name in Object(Object(document.components).schemas), name)
  })
})

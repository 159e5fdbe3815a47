import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import { jsonOf } from './fake-hub.test.ts'
import { mountNotRunning, wantsJson } from './not-running.ts'

for (const base of ['/', '/jupyter/'])
  describe(`a server that does not run, below ${base}`, () => {
    const app = new Hono()
    app.route(
      '/',
      mountNotRunning({ base, versions: { jupyterhub: '5.4.5', batchway: '0' } }, () => 'r'),
    )
    app.all('*', (c) => c.text('a page'))

    it('answers programs with 424 and where to start it', async () => {
      for (const path of ['user/alice/api/kernels', 'hub/user/alice/api/kernels', 'user/alice/lab/api/sessions']) {
        const response = await app.request(base + path)
        const body = await jsonOf(response)

        assert.equal(response.status, 424)
        assert.match(String(body.message), new RegExp(`${base}hub/spawn/alice`))
        assert.equal(body.status, 424)
        assert.equal(response.headers.get('x-jupyterhub-version'), '5.4.5')
        assert.equal(response.headers.get('set-cookie'), null)
      }
      assert.equal((await app.request(`${base}user/alice/lab`, { method: 'POST' })).status, 424)
      assert.equal(
        (await app.request(`${base}user/alice/lab`, { headers: { Accept: 'application/json' } })).status,
        424,
      )
    })
    it('leaves pages to the pages', async () => {
      for (const path of ['user/alice/', 'user/alice/lab', 'hub/user/alice/tree/apix', 'hub/home', 'hub/api/user'])
        assert.equal(await (await app.request(base + path, { headers: { Accept: 'text/html,*/*' } })).text(), 'a page')
    })
  })

describe('wantsJson', () => {
  const table: readonly [string, string, string | null, boolean][] = [
    ['GET', 'api/kernels', 'text/html', true],
    ['GET', 'lab', 'application/json, text/plain', true],
    ['GET', 'lab', 'application/json;q=0.9', true],
    ['GET', 'lab', 'text/html, application/json', false],
    ['GET', 'lab', '*/*', false],
    ['GET', 'lab', null, false],
    ['PUT', 'lab', 'text/html', true],
  ]
  for (const [method, path, accept, want] of table)
    it(`${method} ${path} ${accept}: ${want}`, () => assert.equal(wantsJson(method, path, accept), want))
})

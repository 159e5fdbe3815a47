/** JupyterHub's own Python client, unmodified, changes our code into a token. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import { alice, fakeOAuth } from './testing/fake-people.ts'

const program = `
import json, os
from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError
auth = HubOAuth()
out = {}
for code in json.loads(os.environ["CODES"]):
    try:
        out[code] = auth.token_for_code(code)
    except HTTPError as error:
        out[code] = error.status_code
print(json.dumps(out))
`

describe('JupyterHub’s HubOAuth', () => {
  it('as a service changes the code of a visitor who was asked, once', async () => {
    const hub = fakeOAuth()
    const visit = `/hub/api/oauth2/authorize?${new URLSearchParams({
      client_id: 'service-whoami',
      redirect_uri: hub.service.redirectUri,
      response_type: 'code',
      state: 'S',
    })}`
    const headers = { Cookie: hub.cookieOf(alice), 'Content-Type': 'application/x-www-form-urlencoded' }
    assert.equal((await hub.root.request(visit, { headers: { Cookie: headers.Cookie } })).status, 200)
    assert.equal(hub.codes.size, 0)
    const body = `_xsrf=${encodeURIComponent(hub.xsrfOf(alice))}`
    assert.equal((await hub.root.request(visit, { method: 'POST', headers, body })).status, 302)
    const code = [...hub.codes.keys()][0] ?? ''
    const server = createAdaptorServer({ fetch: hub.internalOAuth.fetch })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    try {
      const ask = async (secret: string, codes: readonly string[]): Promise<unknown> => {
        const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program], {
          env: {
            PATH: '/usr/bin:/bin',
            CODES: JSON.stringify(codes),
            JUPYTERHUB_API_TOKEN: secret,
            JUPYTERHUB_SERVICE_NAME: 'whoami',
            JUPYTERHUB_CLIENT_ID: 'service-whoami',
            JUPYTERHUB_API_URL: `http://127.0.0.1:${address.port}/hub/api`,
            JUPYTERHUB_BASE_URL: '/',
            JUPYTERHUB_SERVICE_PREFIX: '/services/whoami/',
            JUPYTERHUB_OAUTH_CALLBACK_URL: hub.service.redirectUri,
          },
        })
        return JSON.parse(stdout)
      }
      // Another secret gets nothing, and burns nothing.
      assert.deepEqual(await ask('another-secret', [code]), { [code]: 500 })
      assert.equal(hub.tokens.length, 0)
      assert.deepEqual(await ask('service-secret', [code]), { [code]: hub.tokens[0]?.text })
      assert.deepEqual(await ask('service-secret', [code]), { [code]: 500 })
      assert.equal(hub.tokens[0]?.token.clientId, 'service-whoami')
    } finally {
      server.close()
    }
  })
  for (const base of ['/', '/jupyter/'])
    it(`gets its token below ${base}, and an error for a used or wrong code`, async () => {
      const hub = fakeOAuth(base)
      const visit = `${base}hub/api/oauth2/authorize?${new URLSearchParams({
        client_id: hub.client.id,
        redirect_uri: hub.client.redirectUri,
        response_type: 'code',
        state: 'S',
      })}`
      await hub.root.request(visit, { headers: { Cookie: hub.cookieOf(alice) } })
      const code = [...hub.codes.keys()][0] ?? ''
      const server = createAdaptorServer({ fetch: hub.internalOAuth.fetch })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      assert.ok(typeof address === 'object' && address !== null)
      try {
        const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program], {
          env: {
            PATH: '/usr/bin:/bin',
            CODES: JSON.stringify([code, 'wrong']),
            JUPYTERHUB_API_TOKEN: 'server-secret',
            JUPYTERHUB_CLIENT_ID: hub.client.id,
            JUPYTERHUB_API_URL: `http://127.0.0.1:${address.port}${base}hub/api`,
            JUPYTERHUB_BASE_URL: base,
            JUPYTERHUB_SERVICE_PREFIX: `${base}user/alice/`,
            JUPYTERHUB_OAUTH_CALLBACK_URL: hub.client.redirectUri,
          },
        })
        assert.deepEqual(JSON.parse(stdout), { [code]: hub.tokens[0]?.text, wrong: 500 })
        assert.equal(hub.tokens[0]?.token.userId, alice.id)
      } finally {
        server.close()
      }
    })
})

/** JupyterHub's own Python client, unmodified, against our API: what every single-user server does for each new visitor. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import { alice, bob, factsOf, fakeHub, serverScopes, sessionOf } from './testing/fake-hub.ts'

/** Prints, for each token, the name that the client found and whether that visitor may enter alice's server. */
const program = `
import json, os
from jupyterhub.services.auth import HubAuth
auth = HubAuth()
out = {}
for token in json.loads(os.environ["TOKENS"]):
    user = auth.user_for_token(token, use_cache=False)
    out[token] = None if user is None else [user["name"], bool(auth.check_scopes(auth.access_scopes, user))]
print(json.dumps(out))
`
for (const base of ['/', '/jupyter/'])
  describe(`JupyterHub’s HubAuth below ${base}`, () => {
    it('lets the owner in and keeps the others out', async () => {
      const hub = fakeHub(base)
      hub.put(sessionOf(alice, factsOf.ready))
      // What an OAuth token of a visitor to alice's server is worth, for herself and for bob.
      hub.addToken('visit-alice', alice, new Set([...serverScopes('alice'), 'read:users:name!user=alice']))
      hub.addToken('visit-bob', bob, new Set(['read:users:name!user=bob', 'read:users:groups!user=bob']))
      const server = createAdaptorServer({ fetch: hub.internalApi.fetch })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      assert.ok(typeof address === 'object' && address !== null)
      try {
        const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', program], {
          env: {
            PATH: '/usr/bin:/bin',
            TOKENS: JSON.stringify(['visit-alice', 'visit-bob', 'token-root-admin', 'token-bob', 'revoked']),
            JUPYTERHUB_API_TOKEN: 'server-alice',
            JUPYTERHUB_API_URL: `http://127.0.0.1:${address.port}${base}hub/api`,
            JUPYTERHUB_BASE_URL: base,
            JUPYTERHUB_SERVICE_PREFIX: `${base}user/alice/`,
            JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=alice/","access:servers!user=alice"]',
          },
        })
        assert.deepEqual(JSON.parse(stdout), {
          'visit-alice': ['alice', true],
          'visit-bob': ['bob', false],
          'token-root-admin': ['root-admin', true],
          'token-bob': ['bob', false],
          revoked: null,
        })
      } finally {
        server.close()
      }
    })
  })

/** What a script on HubAuth does: its own model, then the API by its own token. */
const script = `
import json, os
from jupyterhub.services.auth import HubAuth
from urllib.request import Request, urlopen
from urllib.error import HTTPError
auth = HubAuth()
out = {"user": {}, "users": {}}
for token in json.loads(os.environ["TOKENS"]):
    user = auth.user_for_token(token, use_cache=False)
    out["user"][token] = None if user is None else [user["kind"], user["name"], len(user["scopes"])]
    try:
        with urlopen(Request(auth.api_url + "/users", headers={"Authorization": "token " + token})) as answer:
            out["users"][token] = [each["name"] for each in json.load(answer)]
    except HTTPError as error:
        out["users"][token] = error.code
print(json.dumps(out))
`
describe('a script on JupyterHub’s HubAuth', () => {
  it('is told who it is, and reads what its role says', async () => {
    const hub = fakeHub()
    const server = createAdaptorServer({ fetch: hub.internalApi.fetch })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    try {
      const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', script], {
        env: {
          PATH: '/usr/bin:/bin',
          TOKENS: JSON.stringify(['token-culler', 'token-whoami', 'revoked']),
          JUPYTERHUB_API_TOKEN: 'token-culler',
          JUPYTERHUB_API_URL: `http://127.0.0.1:${address.port}/hub/api`,
        },
      })
      assert.deepEqual(JSON.parse(stdout), {
        user: { 'token-culler': ['service', 'culler', 7], 'token-whoami': ['service', 'whoami', 0], revoked: null },
        users: { 'token-culler': ['alice', 'bob', 'root-admin'], 'token-whoami': 403, revoked: 403 },
      })
    } finally {
      server.close()
    }
  })
})

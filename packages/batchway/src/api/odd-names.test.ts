import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admin, bearer, fakeHub, jsonOf } from './testing/fake-hub.ts'

/** What objects have without being given it. CHP and other tables kept in plain objects answer 500 to these, or worse. */
const inherited = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

describe('names that objects have of themselves', () => {
  const hub = fakeHub()
  const asAdmin = bearer(`token-${admin.name}`)

  // CHP (hazard in its trie): `constructor` and `__proto__` in a path were answered with 500.
  it('are users, servers and sessions that are not there', async () => {
    for (const name of inherited)
      for (const path of [
        `/users/${name}`,
        `/users/${name}/server`,
        `/users/alice/servers/${name}`,
        `/users/${name}/sessions`,
      ]) {
        const { status } = await hub.publicApi.request(`/hub/api${path}`, asAdmin)
        assert.equal(status, 404, path)
      }
    assert.equal((await hub.publicApi.request('/hub/api/users/alice', asAdmin)).status, 200)
  })

  it('are no fields of a body either', async () => {
    for (const name of inherited) {
      const answer = await hub.publicApi.request('/hub/api/users/alice/servers/x', {
        ...asAdmin,
        method: 'POST',
        body: `{"profile": "${name}", "user_options": {"${name}": {"polluted": "yes"}}}`,
      })
      assert.ok(
        answer.status < 500,
        `${name}: ${answer.status} ${JSON.stringify(await jsonOf(answer).catch(() => null))}`,
      )
      assert.equal(Reflect.get({}, 'polluted'), undefined)
    }
  })
})

/** Whatever the API changes leaves an entry in the audit log. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditAction } from '../people/audit.ts'
import { listApiRoutes } from './app.ts'
import { alice, factsOf, fakeHub, sessionOf } from './testing/fake-hub.ts'

/** Operation → a request that changes something, and what is recorded of it. */
const recorded: Readonly<
  Record<string, readonly [request: string, action: AuditAction, object: string, detail?: string]>
> = {
  createUsers: ['POST /users {"usernames":["new"]}', 'user-created', 'new', ''],
  createUser: ['POST /users/new {"admin":true}', 'user-created', 'new', 'administrator'],
  changeUser: ['PATCH /users/bob {"name":"robert"}', 'user-renamed', 'robert', 'was bob'],
  removeUser: ['DELETE /users/bob', 'user-removed', 'bob', ''],
  shutDown: ['POST /shutdown {"servers":true}', 'hub-stopped', '', 'with all servers'],
  announce: ['POST /announcements {"text":"Soon."}', 'announced', '', 'a2, to everyone: Soon.'],
  withdrawAnnouncement: ['DELETE /announcements/a1', 'announcement-withdrawn', 'alice', 'a1'],
  drainSite: ['PUT /drain {"reason":"Maintenance"}', 'drain-begun', '', 'Maintenance'],
  undrainSite: ['DELETE /drain', 'drain-ended', '', ''],
  drainCluster: ['PUT /clusters/here/drain {"reason":"Maintenance"}', 'drain-begun', 'here', 'Maintenance'],
  undrainCluster: ['DELETE /clusters/here/drain', 'drain-ended', 'here', ''],
  createToken: ['POST /users/alice/tokens', 'token-created', 'alice', 'a8'],
  revokeToken: ['DELETE /users/alice/tokens/a7', 'token-revoked', 'alice', 'a7 of jupyterhub-user-alice'],
  createGroups: ['POST /groups {"groups":["new"]}', 'group-created', 'new', ''],
  createGroup: ['POST /groups/new {}', 'group-created', 'new', ''],
  removeGroup: ['DELETE /groups/physics', 'group-removed', 'physics', ''],
  addToGroup: ['POST /groups/physics/users {"users":["bob"]}', 'group-changed', 'bob', 'added to physics'],
  removeFromGroup: ['DELETE /groups/physics/users {"users":["bob"]}', 'group-changed', 'bob', 'removed from physics'],
  setGroupProperties: ['PUT /groups/physics/properties {}', 'group-properties', 'physics', ''],
  startServer: ['POST /users/alice/server {"profile":"small"}', 'session-start', 'alice/'],
  stopServer: ['DELETE /users/alice/server', 'session-stop', 'alice/'],
  startNamedServer: ['POST /users/alice/servers/new {"profile":"small"}', 'session-start', 'alice/new'],
  stopNamedServer: ['DELETE /users/alice/servers/lab', 'session-stop', 'alice/lab'],
  createNamedServer: ['PUT /users/alice/servers/new', 'server-created', 'alice/new', ''],
  changeNamedServer: ['PATCH /users/alice/servers/kept {"name":"new"}', 'server-renamed', 'alice/new', 'was kept'],
  grantDefaultServerShare: [
    'POST /shares/alice/ {"user":"bob"}',
    'share-granted',
    'alice/',
    'user bob: access:servers',
  ],
  revokeDefaultServerShare: ['PATCH /shares/alice/ {"user":"bob"}', 'share-removed', 'alice/', 'user bob: all'],
  revokeAllDefaultServerShares: ['DELETE /shares/alice/', 'share-removed', 'alice/', 'all 1'],
  createDefaultShareCode: [
    'POST /share-codes/alice/',
    'share-code-created',
    'alice/',
    'sc_1, access:servers, expires 2023-11-15T22:13:20.000Z',
  ],
  revokeDefaultShareCodes: ['DELETE /share-codes/alice/', 'share-code-removed', 'alice/', 'all 1'],
  grantServerShare: ['POST /shares/alice/lab {"user":"bob"}', 'share-granted', 'alice/lab', 'user bob: access:servers'],
  revokeServerShare: ['PATCH /shares/alice/lab {"user":"bob"}', 'share-removed', 'alice/lab', 'user bob: all'],
  revokeAllServerShares: ['DELETE /shares/alice/lab', 'share-removed', 'alice/lab', 'all 1'],
  createShareCode: [
    'POST /share-codes/alice/lab',
    'share-code-created',
    'alice/lab',
    'sc_1, access:servers, expires 2023-11-15T22:13:20.000Z',
  ],
  revokeShareCodes: ['DELETE /share-codes/alice/lab', 'share-code-removed', 'alice/lab', 'all 1'],
  leaveSharedWithUser: ['DELETE /users/bob/shared/alice/', 'share-removed', 'alice/', 'user bob, given back'],
  leaveSharedWithGroup: ['DELETE /groups/physics/shared/alice/', 'share-removed', 'alice/', 'user bob, given back'],
  stopSession: ['DELETE /users/alice/sessions/a-lab', 'session-stop', 'alice/lab'],
}

/** Operations that are no act of a person. */
const exempt: Readonly<Record<string, string>> = {
  checkRoutes: 'the hub does the same by itself every few seconds: nothing is changed that was not meant already',
  changeProxy: 'refuses every change; what is left is checkRoutes',
  reportActivity: 'moves times of last use forward, nothing else; single-user servers call it every few minutes',
  claimAttempt: 'an agent takes up the attempt that a recorded start made; the session’s own events keep it',
  announcePort: 'an application tells its own agent where it listens, by way of the hub; nobody else notices',
  report: 'an agent tells how its application is; the session’s own events keep what matters',
}

function hubFor(operationId: string) {
  const hub = fakeHub()
  if (operationId !== 'startServer') hub.put(sessionOf(alice, factsOf.ready, { id: 'a-main' }))
  hub.put(sessionOf(alice, factsOf.ready, { id: 'a-lab', serverName: 'lab' }))
  return hub
}

function requestOf(text: string): Request {
  const [, method = '', path = '', body] = /^(\S+) (\S*)(?: (.*))?$/.exec(text) ?? []
  const headers = new Headers({ authorization: 'token token-root-admin', 'x-forwarded-for': '203.0.113.9, 192.0.2.7' })
  if (body !== undefined) headers.set('content-type', 'application/json')
  return new Request(`http://hub/hub/api${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
}

describe('the audit log of the API', () => {
  for (const { operationId, method } of listApiRoutes(fakeHub().deps)) {
    if (method === 'get' || operationId in exempt) continue
    it(`holds ${operationId}: who, what, from where`, async () => {
      const [request, action, object, words] = recorded[operationId] ?? []
      assert.ok(request && action, `${operationId} changes something: it needs an entry, or a reason why not`)
      const hub = hubFor(operationId)
      await hub.servers.ensure(alice, 'kept')
      await hub.deps.announcements.publish({ text: 'Hello.', to: { kind: 'user', user: 'alice' }, until: null }, 'bob')
      if (operationId.startsWith('undrain'))
        for (const cluster of [null, 'here']) await hub.deps.drains.begin(cluster, 'Maintenance', 'bob')
      const answer = await hub.publicApi.request(requestOf(request))
      assert.ok(answer.status < 300, `${answer.status}`)
      const [entry, ...more] = hub.audited
      assert.deepEqual(more, [])
      const { detail, ...rest } = { ...entry }
      if (words === undefined) assert.match(detail ?? '', /^session \S+/)
      else assert.equal(detail ?? '', words)
      // The proxy adds the address it saw; what stands before it the client may have written.
      assert.deepEqual(
        { object: '', ...rest },
        { actor: 'root-admin', address: '192.0.2.7', way: 'token', action, object },
      )
    })
  }

  it('exempts nothing that does not exist', () => {
    const known = new Set(listApiRoutes(fakeHub().deps).map(({ operationId }) => operationId))
    assert.deepEqual(
      [...Object.keys(exempt), ...Object.keys(recorded)].filter((operationId) => !known.has(operationId)),
      [],
    )
  })

  it('holds what was refused, with the reason’s code', async () => {
    const hub = hubFor('startServer')
    await hub.publicApi.request(requestOf('POST /users/alice/server {"profile":"wrong"}'))
    assert.deepEqual(
      hub.audited.map(({ action, outcome, detail }) => [action, outcome, detail]),
      [['session-start', 'refused', 'invalid_choice']],
    )
  })

  it('does not believe an address that a compute node writes', async () => {
    const hub = hubFor('stopServer')
    const env = { incoming: { socket: { remoteAddress: '::ffff:10.1.2.3' } } }
    await hub.internalApi.request(requestOf('DELETE /users/alice/server'), undefined, env)
    assert.equal(hub.audited[0]?.address, '10.1.2.3')
  })
})

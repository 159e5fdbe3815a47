import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Caller } from '../people/people.ts'
import { decideAccess, type isCovered, needsGroups, visibleBy } from './access.ts'
import { listApiRoutes } from './app.ts'
import { alice, bob, type FakeHub, factsOf, fakeHub, sessionOf } from './testing/fake-hub.ts'

/** All of them ask about alice's things. */
const callers = [
  'anonymous',
  'revoked',
  'owner',
  'owner’s browser',
  'other',
  'other’s browser',
  'admin',
  'owner’s server',
  'other’s server',
] as const
type Row = readonly [request: string, ...statuses: number[]]

/**
 * Written by hand: operation → request, then the status for each kind of caller in the order above. A route without a row fails.
 * 404 where a scope is held for others only, 403 where it is not held at all, and never 401.
 */
// biome-ignore format: a table is read by its columns
const table: Readonly<Record<string, Row>> = {
  // operation             request                                      anon rev  own  ownB oth  othB adm  srv  osrv
  getVersion:           ['GET ',                                        200, 200, 200, 200, 200, 200, 200, 200, 200],
  getHealth:            ['GET /health',                                 200, 200, 200, 200, 200, 200, 200, 200, 200],
  getOpenApi:           ['GET /openapi.json',                           200, 200, 200, 200, 200, 200, 200, 200, 200],
  getMetrics:           ['GET /metrics',                                403, 403, 403, 403, 403, 403, 200, 403, 403],
  getSelf:              ['GET /user',                                   403, 403, 200, 200, 200, 200, 200, 200, 200],
  listClusters:         ['GET /clusters',                               403, 403, 200, 200, 200, 200, 200, 200, 200],
  listProfiles:         ['GET /profiles',                               403, 403, 200, 200, 200, 200, 200, 200, 200],
  examineSignIn:        ['GET /sign-in/who?subject=carol',              403, 403, 403, 403, 403, 403, 200, 403, 403],
  getUser:              ['GET /users/alice',                            403, 403, 200, 200, 404, 404, 200, 200, 404],
  reportActivity:       ['POST /users/alice/activity {}',               403, 403, 200, 200, 404, 404, 200, 200, 404],
  getInfo:              ['GET /info',                                   403, 403, 403, 403, 403, 403, 200, 403, 403],
  listRoutes:           ['GET /proxy',                                  403, 403, 403, 403, 403, 403, 200, 403, 403],
  checkRoutes:          ['POST /proxy',                                 403, 403, 403, 403, 403, 403, 200, 403, 403],
  changeProxy:          ['PATCH /proxy {}',                             403, 403, 403, 403, 403, 403, 200, 403, 403],
  shutDown:             ['POST /shutdown',                              403, 403, 403, 403, 403, 403, 202, 403, 403],
  listUsers:            ['GET /users',                                  403, 403, 403, 403, 403, 403, 200, 403, 403],
  createUsers:          ['POST /users {"usernames":["new"]}',           403, 403, 403, 403, 403, 403, 201, 403, 403],
  createUser:           ['POST /users/new {}',                          403, 403, 403, 403, 403, 403, 201, 403, 403],
  changeUser:           ['PATCH /users/alice {}',                       403, 403, 403, 403, 403, 403, 200, 403, 403],
  removeUser:           ['DELETE /users/alice',                         403, 403, 403, 403, 403, 403, 204, 403, 403],
  listTokens:           ['GET /users/alice/tokens',                     403, 403, 200, 200, 404, 404, 200, 403, 403],
  createToken:          ['POST /users/alice/tokens {}',                 403, 403, 201, 201, 403, 403, 201, 403, 403],
  getToken:             ['GET /users/alice/tokens/a7',                  403, 403, 200, 200, 404, 404, 200, 403, 403],
  revokeToken:          ['DELETE /users/alice/tokens/a7',               403, 403, 204, 204, 404, 404, 204, 403, 403],
  listGroups:           ['GET /groups',                                 403, 403, 403, 403, 403, 403, 200, 403, 403],
  createGroups:         ['POST /groups {"groups":["new"]}',             403, 403, 403, 403, 403, 403, 201, 403, 403],
  getGroup:             ['GET /groups/physics',                         403, 403, 403, 403, 403, 403, 200, 403, 403],
  createGroup:          ['POST /groups/new {}',                         403, 403, 403, 403, 403, 403, 201, 403, 403],
  removeGroup:          ['DELETE /groups/physics',                      403, 403, 403, 403, 403, 403, 204, 403, 403],
  addToGroup:           ['POST /groups/physics/users {"users":["bob"]}', 403, 403, 403, 403, 403, 403, 200, 403, 403],
  removeFromGroup:      ['DELETE /groups/physics/users {"users":["bob"]}', 403, 403, 403, 403, 403, 403, 200, 403, 403],
  setGroupProperties:   ['PUT /groups/physics/properties {"a":1}',      403, 403, 403, 403, 403, 403, 200, 403, 403],
  listServices:         ['GET /services',                               403, 403, 403, 403, 403, 403, 200, 403, 403],
  getService:           ['GET /services/whoami',                        403, 403, 403, 403, 403, 403, 200, 403, 403],
  startServer:          ['POST /users/alice/server {"profile":"small"}', 403, 403, 202, 202, 404, 404, 202, 403, 403],
  stopServer:           ['DELETE /users/alice/server',                  403, 403, 202, 202, 404, 404, 202, 403, 403],
  getServer:            ['GET /users/alice/server',                     403, 403, 200, 200, 404, 404, 200, 403, 403],
  followServer:         ['GET /users/alice/server/progress',            403, 403, 200, 200, 404, 404, 200, 403, 403],
  startNamedServer:     ['POST /users/alice/servers/new {}',            403, 403, 202, 202, 404, 404, 202, 403, 403],
  stopNamedServer:      ['DELETE /users/alice/servers/lab',             403, 403, 202, 202, 404, 404, 202, 403, 403],
  getNamedServer:       ['GET /users/alice/servers/lab',                403, 403, 200, 200, 404, 404, 200, 403, 403],
  createNamedServer:    ['PUT /users/alice/servers/new {}',             403, 403, 201, 201, 404, 404, 201, 403, 403],
  changeNamedServer:    ['PATCH /users/alice/servers/kept {"name":"new"}', 403, 403, 200, 200, 404, 404, 200, 403, 403],
  followNamedServer:    ['GET /users/alice/servers/lab/progress',       403, 403, 200, 200, 404, 404, 200, 403, 403],
  listSessions:         ['GET /users/alice/sessions',                   403, 403, 200, 200, 404, 404, 200, 403, 403],
  getSession:           ['GET /users/alice/sessions/a-lab',             403, 403, 200, 200, 404, 404, 200, 403, 403],
  stopSession:          ['DELETE /users/alice/sessions/a-lab',          403, 403, 202, 202, 404, 404, 202, 403, 403],
  listSessionEvents:    ['GET /users/alice/sessions/a-lab/events',      403, 403, 200, 200, 404, 404, 200, 403, 403],
  followSessions:       ['GET /sessions/events',                        403, 403, 200, 200, 200, 200, 200, 403, 403],
  // A server's own word about itself: nobody else has one, whatever they may do.
  announcePort:         ['POST /batchspawner {"port":34567}',           403, 403, 403, 403, 403, 403, 403, 201, 201],
  // Not theirs to use at all: a person's token is no attempt's secret.
  claimAttempt:         ['POST /agent/claim {"protocol":1}',            403, 409, 409, 404, 409, 404, 409, 409, 409],
  report:               ['POST /agent/report {"type":"listening","host":"n1","port":1,"pid":1}',
                                                                        403, 410, 410, 404, 410, 404, 410, 410, 410],
}

function requestAs(hub: FakeHub, caller: (typeof callers)[number], request: string): Request {
  const [, method = '', path = '', body] = /^(\S+) (\S*)(?: (.*))?$/.exec(request) ?? []
  const headers = new Headers()
  if (body !== undefined) headers.set('Content-Type', 'application/json')
  const tokens: Readonly<Record<string, string>> = {
    revoked: 'revoked',
    owner: 'token-alice',
    other: 'token-bob',
    admin: 'token-root-admin',
    'owner’s server': 'server-alice',
    'other’s server': 'server-bob',
  }
  if (tokens[caller]) headers.set('Authorization', `token ${tokens[caller]}`)
  if (caller.endsWith('browser')) {
    const { cookie, xsrf } = hub.signIn(caller.startsWith('owner') ? alice : bob)
    headers.set('Cookie', cookie)
    headers.set('X-XSRFToken', xsrf)
  }
  return new Request(`http://hub/hub/api${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
}

/** Alice with a server that starts (for starting: none) and a named one that runs. */
function hubWithServers(operationId: string): FakeHub {
  const hub = fakeHub()
  // Whoever is removed has stopped everything before.
  if (operationId === 'removeUser') return hub
  if (operationId !== 'startServer') hub.put(sessionOf(alice, factsOf.ready, { id: 'a-main' }))
  hub.put(sessionOf(alice, factsOf.ready, { id: 'a-lab', serverName: 'lab' }))
  return hub
}

describe('the access table', () => {
  const routes = listApiRoutes(fakeHub().deps)

  it('has a row for every route and no other', () => {
    assert.deepEqual(routes.map((route) => route.operationId).sort(), Object.keys(table).sort())
  })
  for (const { operationId, access } of routes)
    for (const [at, caller] of callers.entries())
      it(`${operationId} for ${caller}`, async () => {
        const [request = '', ...statuses] = table[operationId] ?? []
        const want = statuses[at]
        const apps = caller.endsWith('browser') ? (['publicApi'] as const) : (['publicApi', 'internalApi'] as const)
        for (const listener of apps) {
          const hub = hubWithServers(operationId)
          await hub.servers.ensure(alice, 'kept')
          const response = await hub[listener].request(requestAs(hub, caller, request))

          // Agents have no business on the public listener: there is nothing there.
          assert.equal(response.status, access === 'agent' && listener === 'publicApi' ? 404 : want, listener)
          assert.equal(response.headers.get('set-cookie'), null)
          if (response.status === 403 || response.status === 404)
            assert.deepEqual(
              hub.calls.filter((call) => call.what !== 'claim'),
              [],
            )
          await response.body?.cancel()
        }
      })
})

describe('an id of a session', () => {
  it('opens nothing under another name', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'a-lab' }))
    for (const request of [
      'GET /users/bob/sessions/a-lab',
      'DELETE /users/bob/sessions/a-lab',
      'GET /users/bob/sessions/a-lab/events',
    ])
      for (const caller of ['other', 'admin'] as const)
        assert.equal((await hub.publicApi.request(requestAs(hub, caller, request))).status, 404)
    assert.deepEqual(hub.calls, [])
  })
})

describe('decideAccess', () => {
  const callerWith = (...scopes: string[]): Caller => ({
    kind: 'browser',
    user: bob,
    signIn: { id: 's', userId: bob.id, way: 'link', createdAt: 0, expiresAt: 1 },
    scopes: new Set(scopes),
  })
  const onAlice = { user: 'alice', server: null }
  const code = (scopes: string[], target: Parameters<typeof isCovered>[2]) =>
    decideAccess({ anyOf: ['read:servers'] }, callerWith(...scopes), target)?.code ?? 'allowed'

  it('knows filters by user, server and group', () => {
    assert.equal(code(['read:servers'], onAlice), 'allowed')
    assert.equal(code(['read:servers!user=alice'], onAlice), 'allowed')
    assert.equal(code(['read:servers!user=alic'], onAlice), 'not_found')
    assert.equal(code(['read:servers!server=alice/lab'], { user: 'alice', server: 'lab' }), 'allowed')
    assert.equal(code(['read:servers!server=alice/lab'], { user: 'alice', server: '' }), 'not_found')
    assert.equal(code(['read:servers!server=alice/lab'], onAlice), 'not_found')
    assert.equal(code(['read:servers!group=physics'], { ...onAlice, groups: ['physics'] }), 'allowed')
    assert.equal(code(['read:servers!group=physics'], { ...onAlice, groups: ['art'] }), 'not_found')
    // Nothing is named: nothing is hidden, the scope is simply too narrow.
    assert.equal(code(['read:servers!user=alice'], { user: null, server: null }), 'forbidden')
    assert.equal(code(['read:users'], onAlice), 'forbidden')
    assert.equal(code([], onAlice), 'forbidden')
  })
  it('knows groups and services by their names', () => {
    const on = (target: object) => ({ user: null, server: null, ...target })
    assert.equal(code(['read:servers!group=g'], on({ group: 'g' })), 'allowed')
    assert.equal(code(['read:servers!group=g'], on({ group: 'h' })), 'not_found')
    assert.equal(code(['read:servers!service=s'], on({ service: 's' })), 'allowed')
    assert.equal(code(['read:servers!service=s'], on({ service: 't' })), 'not_found')
    assert.equal(code(['read:servers!user=g'], on({ group: 'g' })), 'not_found')
    // No name, however strange, reads as a wider scope; whoever holds everything reaches it.
    assert.equal(code(['read:servers!group=a'], on({ group: 'a!user=b' })), 'not_found')
    assert.equal(code(['read:servers'], on({ group: 'a!user=b' })), 'allowed')
  })
  it('lets a list pass by the filters it can be cut by, and by no others', () => {
    const list = (...scopes: string[]) =>
      decideAccess({ anyOf: ['list:users'], filters: ['user', 'group'] }, callerWith(...scopes), {
        user: null,
        server: null,
      })?.code ?? 'allowed'
    assert.equal(list('list:users'), 'allowed')
    assert.equal(list('list:users!group=g'), 'allowed')
    assert.equal(list('list:users!user=a'), 'allowed')
    assert.equal(list('list:users!server=a/'), 'forbidden')
    assert.equal(list('list:groups'), 'forbidden')
    assert.deepEqual(
      visibleBy(new Set(['list:users!group=g', 'list:users!server=a/']), 'list:users', ['user', 'group']),
      {
        user: [],
        group: ['g'],
      },
    )
    assert.equal(visibleBy(new Set(['list:users', 'list:users!group=g']), 'list:users', ['group']), null)
  })
  it('makes nothing for who could not see it: a filter is not enough where nothing is named', () => {
    const make = (...scopes: string[]) =>
      decideAccess({ anyOf: ['admin:users'] }, callerWith(...scopes), { user: null, server: null })?.code ?? 'allowed'
    assert.equal(make('admin:users'), 'allowed')
    for (const filter of ['group=g', 'user=bob', 'server=bob/', 'service=s'])
      assert.equal(make(`admin:users!${filter}`), 'forbidden')
  })
  it('asks for groups only if a scope depends on them', () => {
    assert.ok(needsGroups({ anyOf: ['read:servers'] }, callerWith('read:servers!group=physics')))
    assert.ok(!needsGroups({ anyOf: ['read:servers'] }, callerWith('read:users!group=physics', 'read:servers!user=x')))
    assert.ok(!needsGroups('signed-in', callerWith('read:servers!group=physics')))
  })
  it('looks the groups of the named user up when it must', async () => {
    const hub = fakeHub()
    hub.addToken('teacher', bob, new Set(['read:servers!group=physics']))
    hub.put(sessionOf(alice, factsOf.ready))
    const headers = { Authorization: 'token teacher' }

    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', { headers })).status, 200)
    assert.equal((await hub.internalApi.request('/hub/api/users/root-admin/server', { headers })).status, 404)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toWireTime } from '../core/times.ts'
import { toUserOptions } from './server-routes.ts'
import { alice, bearer, factsOf, fakeHub, jsonOf, now, sessionOf } from './testing/fake-hub.ts'

const post = (body?: string): RequestInit => ({
  method: 'POST',
  headers: { Authorization: 'token token-alice' },
  ...(body === undefined ? {} : { body }),
})
const del: RequestInit = { method: 'DELETE', headers: { Authorization: 'token token-alice' } }

describe('starting a server', () => {
  it('answers 202 with no body, and 202 again while it starts', async () => {
    const hub = fakeHub()
    const first = await hub.internalApi.request('/hub/api/users/alice/server', post())
    const second = await hub.internalApi.request('/hub/api/users/alice/server', post())

    assert.deepEqual([first.status, second.status], [202, 202])
    assert.equal(await first.text(), '')
    assert.match(first.headers.get('content-type') ?? '', /text\/plain/)
    assert.equal(hub.calls.filter((call) => call.what === 'start').length, 1)
  })
  it('is refused while it runs or stops', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 's' }))
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', post())).status, 400)
    await hub.internalApi.request('/hub/api/users/alice/server', del)
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', post())).status, 400)
    assert.equal(hub.calls.filter((call) => call.what === 'start').length, 0)
  })
  it('beyond the limit of named servers is refused before anything else, and possible again when one is removed', async () => {
    const hub = fakeHub('/', {}, { isOn: true, limit: 1 })
    const at = (name: string) => `/hub/api/users/alice/servers/${name}`
    assert.equal((await hub.internalApi.request(at('one'), post('{"display_name":"The first"}'))).status, 202)
    assert.deepEqual(await hub.servers.listOf(alice.id), [{ name: 'one', displayName: 'The first' }])
    const refused = await hub.internalApi.request(at('two'), post())
    assert.equal(refused.status, 400)
    assert.match(String((await jsonOf(refused)).message), /^User alice already has the maximum of 1 named servers\./)
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', post())).status, 202, 'the default one')
    const gone = await hub.internalApi.request(at('one'), { ...del, body: '{"remove":true}' })
    assert.equal(gone.status, 202)
    assert.equal((await hub.internalApi.request(at('two'), post())).status, 202)
  })
  it('is refused for any name where there are no named servers', async () => {
    const hub = fakeHub('/', {}, { isOn: false, limit: 0 })
    const refused = await hub.internalApi.request('/hub/api/users/alice/servers/one', post())
    assert.equal(refused.status, 400)
    assert.equal((await jsonOf(refused)).message, 'Named servers are not enabled.')
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', post())).status, 202)
  })
  it('removes a named server only, and one that does not run at once', async () => {
    const hub = fakeHub()
    await hub.servers.ensure(alice, 'kept')
    const remove = { ...del, body: '{"remove":true}' }
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', remove)).status, 400)
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/servers/kept', del)).status, 204)
    assert.equal((await hub.servers.listOf(alice.id)).length, 1, 'stopping is not removing')
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/servers/kept', remove)).status, 204)
    assert.deepEqual(await hub.servers.listOf(alice.id), [])
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/servers/kept', remove)).status, 404)
  })
  it('takes names that cannot be mistaken for anything else', async () => {
    const hub = fakeHub()
    for (const name of ['lab', 'my_lab-2.0', 'L'])
      assert.equal((await hub.internalApi.request(`/hub/api/users/alice/servers/${name}`, post())).status, 202, name)
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/servers/a%2Fb', post())).status, 404)
    for (const name of ['.hidden', 'a%20b', 'x'.repeat(33), '-x', '%C3%BC', '%27'])
      assert.equal((await hub.internalApi.request(`/hub/api/users/alice/servers/${name}`, post())).status, 400, name)
  })
  it('by an empty name means the default server', async () => {
    const hub = fakeHub()
    assert.equal((await hub.internalApi.request('/hub/api/users/alice/servers/', post())).status, 202)
    const started = hub.calls.find(({ what }) => what === 'start')
    assert.deepEqual(started?.with, { owner: 'alice', serverName: '' })
  })
  it('is a sign of life of its owner', async () => {
    const hub = fakeHub()
    await hub.internalApi.request('/hub/api/users/alice/server', post())
    assert.deepEqual(hub.calls.at(-1), { what: 'touchUser', with: { id: alice.id, at: now } })
  })
  it('remembers what its owner chose, and nothing that somebody else chose for them', async () => {
    const startBy = async (token: string, body: object) => {
      const hub = fakeHub()
      const options = { method: 'POST', headers: { Authorization: `token ${token}` }, body: JSON.stringify(body) }
      assert.equal((await hub.internalApi.request('/hub/api/users/alice/server', options)).status, 202)
      return hub.calls.filter(({ what }) => what === 'rememberChoice').map((call) => Object(call.with).owner)
    }
    assert.deepEqual(await startBy('token-alice', { profile: 'small' }), ['alice'])
    assert.deepEqual(await startBy('token-alice', {}), [], 'nothing was chosen')
    assert.deepEqual(await startBy('token-root-admin', { profile: 'small' }), [])
  })
  it('understands both dialects of the body', () => {
    const table: readonly [Parameters<typeof toUserOptions>[0], unknown][] = [
      [null, null],
      [{}, null],
      [
        { profile: 'a', cores: 2 },
        { profile: 'a', cores: 2 },
      ],
      [{ user_options: { profile: 'a' }, profile: 'ignored' }, { profile: 'a' }],
      [{ user_options: {} }, {}],
      [{ user_options: null }, null],
      [{ display_name: 'My lab' }, null],
    ]
    for (const [body, want] of table) assert.deepEqual(toUserOptions(body), want)
  })
})

describe('stopping a server', () => {
  it('answers 202 while it stops, 204 when nothing runs, 404 for a name never used', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's' }))
    const stop = (path: string) => hub.internalApi.request(`/hub/api/users/alice/${path}`, del)

    assert.equal((await stop('server')).status, 202)
    assert.equal((await stop('server')).status, 202)
    assert.deepEqual(hub.calls[0], { what: 'stop', with: { id: 's', by: 'alice' } })
    hub.put(sessionOf(alice, factsOf.ended, { id: 's' }))
    assert.equal((await stop('server')).status, 204)
    assert.equal((await stop('servers/never')).status, 404)
  })
})

describe('keeping a named server', () => {
  const bench = () => {
    const hub = fakeHub('/', {}, { isOn: true, limit: 3 })
    const ask = async (method: string, name: string, body?: object, path = `servers/${name}`) => {
      const response = await hub.internalApi.request(`/hub/api/users/alice/${path}`, {
        method,
        headers: { Authorization: 'token token-alice' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, model: text === '' ? {} : Object(JSON.parse(text)) }
    }
    return { hub, ask }
  }

  it('makes one without a start, with a title and options for the first start', async () => {
    const { hub, ask } = bench()
    const about = { display_name: 'GPU lab', user_options: { profile: 'gpu', cores: 2 } }
    const { status, model } = await ask('PUT', 'gpu', about)
    assert.equal(status, 201)
    assert.deepEqual(
      {
        display_name: model.display_name,
        user_options: model.user_options,
        ready: model.ready,
        stopped: model.stopped,
      },
      { ...about, ready: false, stopped: true },
    )
    assert.equal(model.session, null)
    assert.deepEqual((await ask('GET', 'gpu')).model, model)
    assert.equal(hub.calls.length, 0, 'nothing was started')

    assert.equal((await ask('POST', 'gpu')).status, 202)
    assert.deepEqual(hub.calls[0]?.with, { owner: 'alice', options: about.user_options })
    assert.equal((await ask('GET', 'gpu')).model.display_name, 'GPU lab')
  })
  it('remembers the options of a start for the next one without', async () => {
    const { hub, ask } = bench()
    await ask('POST', 'lab', { profile: 'small' })
    hub.put(sessionOf(alice, factsOf.ended, { id: 'new0', serverName: 'lab' }))
    await ask('POST', 'lab')
    assert.deepEqual(
      hub.calls.filter(({ what }) => what === 'chooseSpec').map((call) => Object(call.with).options),
      [{ profile: 'small' }, { profile: 'small' }],
    )
  })
  it('refuses one that exists, a name or a title that will not do, one too many, and what it does not know', async () => {
    const { ask } = bench()
    assert.equal((await ask('PUT', 'lab')).status, 201)
    assert.equal((await ask('PUT', 'lab')).status, 409)
    assert.equal((await ask('PUT', '')).status, 409, 'the default server')
    assert.equal((await ask('PUT', '.x')).status, 400)
    assert.equal((await ask('PUT', 'a', { display_name: 'two\nlines' })).status, 400)
    assert.equal((await ask('PUT', 'a', { display_name: 7 })).status, 400)
    assert.equal((await ask('PUT', 'a', { profile: 'gpu' })).status, 400)
    for (const name of ['b', 'c']) assert.equal((await ask('PUT', name)).status, 201)
    assert.equal((await ask('PUT', 'd')).status, 400)
  })
  it('renames what does not run, and gives titles and options to any', async () => {
    const { hub, ask } = bench()
    await ask('PUT', 'lab', { user_options: { profile: 'gpu' } })
    const renamed = await ask('PATCH', 'lab', { name: 'big', display_name: 'Big one' })
    assert.deepEqual([renamed.status, renamed.model.name, renamed.model.display_name], [200, 'big', 'Big one'])
    assert.deepEqual(renamed.model.user_options, { profile: 'gpu' })
    assert.equal((await ask('GET', 'lab')).status, 404)
    assert.deepEqual((await ask('PATCH', 'big', { user_options: {} })).model.user_options, {})

    hub.put(sessionOf(alice, factsOf.ready, { id: 's', serverName: 'big' }))
    assert.equal((await ask('PATCH', 'big', { name: 'other' })).status, 400, 'it runs')
    assert.equal((await ask('PATCH', 'big', { name: 'big', display_name: 'Still' })).model.display_name, 'Still')
    await ask('PUT', 'lab')
    assert.equal((await ask('PATCH', 'lab', { name: 'big' })).status, 409)
  })
  it('changes nothing without a wish, by a wrong name, or of what is not there', async () => {
    const { ask } = bench()
    await ask('PUT', 'lab')
    for (const body of [{}, { name: '' }, { name: 'a/b' }, { display_name: '' }, { title: 'x' }, { name: 7 }])
      assert.equal((await ask('PATCH', 'lab', body)).status, 400, JSON.stringify(body))
    assert.equal((await ask('PATCH', 'none', { display_name: 'x' })).status, 404)
    assert.equal((await ask('PATCH', '', { display_name: 'x' })).status, 400, 'the default server has no such thing')
  })
})

describe('the models', () => {
  const get = async (hub: ReturnType<typeof fakeHub>, path: string, token = 'token-alice') =>
    jsonOf(await hub.internalApi.request(`/hub/api${path}`, bearer(token)))

  it('show JupyterHub’s server', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.queued, { id: 's', serverName: 'lab' }))
    const want = {
      name: 'lab',
      full_name: 'alice/lab',
      display_name: 'lab',
      last_activity: toWireTime(now - 5_000),
      started: null,
      pending: 'spawn',
      ready: false,
      stopped: false,
      url: '/user/alice/lab/',
      full_url: 'https://hub.example/user/alice/lab/',
      user_options: { profile: 'small' },
      progress_url: '/hub/api/users/alice/servers/lab/progress',
      full_progress_url: 'https://hub.example/hub/api/users/alice/servers/lab/progress',
      session: 's',
    }
    assert.deepEqual(await get(hub, '/users/alice/servers/lab'), want)
    assert.deepEqual((await get(hub, '/users/alice')).servers, { lab: want })
    const forAdmin = await get(hub, '/users/alice/servers/lab', 'token-root-admin')
    assert.deepEqual(forAdmin.state, { job_id: '77', state: 'queued' })
  })
  it('show of a user what the scopes show', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready))
    hub.put(sessionOf(alice, factsOf.ended, { id: 'old', serverName: 'old' }))
    await hub.servers.ensure(alice, 'old')
    await hub.servers.ensure(alice, 'new', 'Brand new')
    hub.put(sessionOf(alice, factsOf.ended, { id: 'gone', serverName: 'deleted' }))
    const keys = async (token: string, query = '') => Object.keys(await get(hub, `/users/alice${query}`, token)).sort()
    const scoped = (name: string, ...scopes: string[]) => hub.addToken(name, alice, new Set(scopes))
    scoped('names', 'read:users:name!user=alice')
    scoped('active', 'read:users:activity!user=alice')
    scoped('servers', 'read:servers!user=alice', 'read:users:name!user=alice')

    assert.deepEqual(await keys('names'), ['admin', 'kind', 'name', 'user_info'])
    assert.deepEqual(await keys('active'), ['kind', 'last_activity', 'name'])
    assert.deepEqual(await keys('servers'), ['admin', 'kind', 'name', 'servers', 'user_info'])
    assert.deepEqual(await keys('token-alice'), [
      'admin',
      'created',
      'groups',
      'kind',
      'last_activity',
      'name',
      'pending',
      'roles',
      'server',
      'servers',
      'user_info',
    ])
    const stopped = await get(hub, '/users/alice?include_stopped_servers')
    assert.deepEqual(Object.keys(Object(stopped.servers)), ['', 'old', 'new'])
    const { display_name, stopped: isStopped, session } = Object(stopped.servers).new
    assert.deepEqual([display_name, isStopped, session], ['Brand new', true, null])
    assert.equal(stopped.created, '2023-11-13T22:13:20.000000Z')
  })
})

describe('sessions', () => {
  it('come in pages, active ones first, and the next page follows', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'live' }))
    for (let n = 0; n < 5; n += 1) hub.put(sessionOf(alice, factsOf.ended, { id: `old${n}`, endedAt: now - n * 1000 }))
    const read = async (path: string) => {
      const page = await jsonOf(await hub.internalApi.request(path, bearer('token-alice')))
      const { next, total } = Object(page._pagination)
      return { ids: Object(page.items).map((each: unknown) => Object(each).id), next, total }
    }
    const first = await read('/hub/api/users/alice/sessions?limit=2')
    const second = await read(first.next.url)
    const third = await read(second.next.url)

    assert.deepEqual(first.ids, ['live', 'old0', 'old1'])
    assert.equal(first.total, 6)
    assert.deepEqual(second.ids, ['old2', 'old3'])
    assert.deepEqual(third.ids, ['old4'])
    assert.equal(third.next, null)
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'before=yesterday'])
      assert.equal(
        (await hub.internalApi.request(`/hub/api/users/alice/sessions?${query}`, bearer('token-alice'))).status,
        400,
      )
  })
  it('show words for people and nothing of the spec that is not theirs', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'live' }))
    const text = await (
      await hub.internalApi.request('/hub/api/users/alice/sessions/live', bearer('token-alice'))
    ).text()

    assert.doesNotMatch(text, /canary|10\.9\.8\.7|4321|cccccc/)
    assert.match(text, /"open_url":"\/user\/alice\/lab"/)
  })
  it('have events', async () => {
    const hub = fakeHub()
    hub.put(sessionOf(alice, factsOf.ready, { id: 'live' }))
    hub.events.set(
      'live',
      [1, 2, 3].map((seq) => ({ sessionId: 'live', seq, at: now, type: 'queued', data: { job: '7' } })),
    )
    const response = await hub.internalApi.request(
      '/hub/api/users/alice/sessions/live/events?after=2',
      bearer('token-alice'),
    )

    assert.deepEqual(await response.json(), [
      { seq: 3, at: '2023-11-14T22:13:20.000000Z', type: 'queued', data: { job: '7' } },
    ])
  })
})

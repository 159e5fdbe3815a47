/** Tokens over HTTP, with the real room of people behind it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { openPeople } from '../people/people-service.ts'
import { openRoleBook, scopesOfUser } from '../people/roles.ts'
import { openStores } from '../store/stores.ts'
import { mountApi } from './app.ts'
import { fakeHub, now } from './testing/fake-hub.ts'

const book = openRoleBook([
  [
    'deputy',
    {
      description: '',
      scopes: ['tokens', 'servers', 'access:servers', 'users', 'users:shares', 'read:shares'],
      users: ['dep'],
      groups: [],
      services: [],
    },
  ],
  ['grader', { description: '', scopes: ['tokens'], users: ['gus'], groups: [], services: [] }],
])
const rules = { book, admins: new Set<string>(), adminGroups: new Set<string>() }

interface Scene {
  /** @param who a user's name, or the text of a token. */
  readonly ask: (who: string | null, request: string) => Promise<{ status: number; body: Record<string, unknown> }>
  readonly audited: ReturnType<typeof fakeHub>['audited']
  pass(seconds: number): void
}

async function scene(test: (scene: Scene) => Promise<void>, longestTokenSeconds: number | null = null): Promise<void> {
  let clock = now
  await using stores = await openStores('sqlite::memory:', () => clock)
  await using people = openPeople({ stores, now: () => clock, random: randomBytes }, { rules, longestTokenSeconds })
  const hub = fakeHub()
  const { internalApi } = mountApi({
    ...hub.deps,
    people,
    now: () => clock,
    identify: async ({ username, password }) => {
      const user = await people.findUser(username)
      return user === null || password !== 'right' ? null : { user, way: 'pam' }
    },
  })
  const texts = new Map<string, string>()
  for (const name of ['alice', 'bob', 'gus', 'dep', 'root']) {
    const owner = await people.ensureUser(name, { isAdmin: name === 'root' })
    const made = await people.createToken(
      owner,
      { scopes: null, note: 'own', expiresAt: null },
      scopesOfUser(owner, book),
    )
    texts.set(name, made.text)
  }
  await test({
    audited: hub.audited,
    pass: (seconds) => {
      clock += seconds * 1_000
    },
    ask: async (who, request) => {
      const [, method = '', path = '', body] = /^(\S+) (\S+)(?: (.*))?$/s.exec(request) ?? []
      const headers = who === null ? {} : { Authorization: `token ${texts.get(who) ?? who}` }
      const answer = await internalApi.request(`/hub/api${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? {} : Object(JSON.parse(text)) }
    },
  })
}
const listOf = (body: Record<string, unknown>): Record<string, unknown>[] =>
  Array.isArray(body.api_tokens) ? body.api_tokens : []

describe('a token', () => {
  it('is shown once, works, is listed without its text, and means nothing once taken back', () =>
    scene(async ({ ask }) => {
      const { status, body } = await ask(
        'alice',
        'POST /users/alice/tokens {"note":"for\\na script","expires_in":3600}',
      )
      assert.equal(status, 201)
      const { token, scopes, ...model } = body
      assert.match(String(token), /^[0-9a-f]{64}$/)
      assert.deepEqual(model, {
        user: 'alice',
        id: model.id,
        kind: 'api_token',
        roles: [],
        created: '2023-11-14T22:13:20.000000Z',
        last_activity: null,
        expires_at: '2023-11-14T23:13:20.000000Z',
        note: 'for a script',
        session_id: null,
        oauth_client: 'JupyterHub',
      })
      assert.ok(Array.isArray(scopes) && scopes.includes('tokens!user=alice'))
      assert.equal((await ask(String(token), 'GET /user')).body.token_id, model.id)
      const all = await ask('alice', 'GET /users/alice/tokens')
      assert.equal(listOf(all.body).length, 2)
      assert.equal(JSON.stringify(all.body).includes(String(token)), false)
      const used = (await ask('alice', `GET /users/alice/tokens/${model.id}`)).body
      assert.equal(used.last_activity, '2023-11-14T22:13:20.000000Z')
      for (const wrong of ['a999', 'a', String(model.id).slice(1), 'server'])
        assert.equal((await ask('alice', `GET /users/alice/tokens/${wrong}`)).status, 404)
      assert.equal((await ask('root', `DELETE /users/bob/tokens/${model.id}`)).status, 404, 'it is not bob’s')
      assert.equal((await ask('alice', `DELETE /users/alice/tokens/${model.id}`)).status, 204)
      assert.equal((await ask(String(token), 'GET /user')).status, 403)
      assert.equal((await ask('alice', `DELETE /users/alice/tokens/${model.id}`)).status, 404)
    }))
  it('is made with what fits, and nothing else', () =>
    scene(async ({ ask, pass }) => {
      for (const bad of [
        '{"expires_in":0}',
        '{"expires_in":-1}',
        '{"expires_in":"60"}',
        '{"expires_in":1.5}',
        '{"scopes":"self"}',
        '{"scopes":[1]}',
        '{"scopes":["no:such"]}',
        '{"scopes":["custom:x"]}',
        '{"roles":["nobody"]}',
        '{"scopes":["self"],"roles":["user"]}',
        '[]',
      ])
        assert.equal((await ask('alice', `POST /users/alice/tokens ${bad}`)).status, 400, bad)
      assert.equal(listOf((await ask('alice', 'GET /users/alice/tokens')).body).length, 1)
      const short = await ask('alice', 'POST /users/alice/tokens {"expires_in":60,"scopes":[]}')
      assert.deepEqual(short.body.scopes, ['read:users:groups!user=alice', 'read:users:name!user=alice'])
      const byRole = await ask('alice', 'POST /users/alice/tokens {"roles":["user"]}')
      assert.equal(byRole.body.note, 'Requested via api')
      pass(60)
      assert.equal((await ask(String(short.body.token), 'GET /user')).status, 403)
      assert.equal(
        listOf((await ask('alice', 'GET /users/alice/tokens')).body).length,
        2,
        'expired ones are not listed',
      )
    }))
  it('lives no longer than the site allows', () =>
    scene(async ({ ask }) => {
      assert.equal((await ask('alice', 'POST /users/alice/tokens {"expires_in":601}')).status, 400)
      const made = await ask('alice', 'POST /users/alice/tokens')
      assert.equal(made.body.expires_at, '2023-11-14T22:23:20.000000Z')
    }, 600))
})

describe('who asks for a token of somebody else', () => {
  it('gets 403 for who is not theirs and who does not exist, alike', () =>
    scene(async ({ ask }) => {
      const answers = await Promise.all(['root', 'nobody'].map((name) => ask('alice', `POST /users/${name}/tokens`)))
      assert.deepEqual(
        answers.map(({ status, body }) => [status, String(body.message).replace(/root|nobody/, '')]),
        Array(2)
          .fill([403, answers[0]?.body.message])
          .map(([status, words]) => [status, String(words).replace('root', '')]),
      )
      assert.equal((await ask('root', 'POST /users/nobody/tokens')).status, 403)
      assert.equal((await ask('bob', 'GET /users/alice/tokens')).status, 404)
    }))
  it('hands on only what they hold themselves: "tokens" alone is nobody’s whole identity', () =>
    scene(async ({ ask }) => {
      assert.equal((await ask('gus', 'POST /users/alice/tokens')).status, 400)
      assert.equal((await ask('gus', 'POST /users/root/tokens {"scopes":["admin:users"]}')).status, 400)
      assert.equal((await ask('gus', 'POST /users/alice/tokens {"scopes":["access:servers!user"]}')).status, 400)
      const made = await ask('gus', 'POST /users/alice/tokens {"scopes":["read:tokens!user=alice"]}')
      assert.equal(made.status, 201)
      assert.equal(made.body.note, 'Requested via api by user gus')
      const narrow = await ask('alice', 'POST /users/alice/tokens {"scopes":["tokens!user"]}')
      const again = await ask(String(narrow.body.token), 'POST /users/alice/tokens')
      assert.equal(again.status, 400, 'a narrow token does not make a wide one')
      assert.equal((await ask('root', 'POST /users/alice/tokens')).status, 201)
    }))
})

describe('a token that inherits', () => {
  const grows = async ({ ask }: Scene, text: unknown): Promise<boolean> => {
    await ask('root', 'PATCH /users/alice {"admin":true}')
    const { scopes } = (await ask(String(text), 'GET /user')).body
    await ask('root', 'PATCH /users/alice {"admin":false}')
    assert.ok(Array.isArray(scopes))
    assert.ok(scopes.includes('servers') || scopes.includes('servers!user=alice'), 'today’s rights it has')
    return scopes.includes('shutdown')
  }
  it('grows with its owner, who made it, or an administrator', () =>
    scene(async (each) => {
      const own = await each.ask('alice', 'POST /users/alice/tokens')
      assert.equal(await grows(each, own.body.token), true)
      const byRoot = await each.ask('root', 'POST /users/alice/tokens')
      assert.equal(await grows(each, byRoot.body.token), true)
    }))
  it('is what its owner may do today, if somebody else made it or a token that does not grow itself', () =>
    scene(async (each) => {
      const byDeputy = await each.ask('dep', 'POST /users/alice/tokens')
      assert.equal(byDeputy.status, 201)
      assert.equal(await grows(each, byDeputy.body.token), false, 'else an administrator in the making is theirs')
      const fixed = await each.ask('alice', 'POST /users/alice/tokens {"scopes":["self"]}')
      const fromFixed = await each.ask(String(fixed.body.token), 'POST /users/alice/tokens')
      assert.equal(fromFixed.status, 201)
      assert.equal(await grows(each, fromFixed.body.token), false)
    }))
})

describe('a name and a password in the body', () => {
  const auth = (username: string, password: string) => JSON.stringify({ auth: { username, password } })
  it('stand for a token, for this one request', () =>
    scene(async ({ ask, audited }) => {
      const made = await ask(null, `POST /users/alice/tokens ${auth('alice', 'right')}`)
      assert.equal(made.status, 201)
      assert.equal((await ask(String(made.body.token), 'GET /user')).body.name, 'alice')
      assert.deepEqual(
        audited.map(({ actor, action, object, way }) => [actor, action, object, way]),
        [['alice', 'token-created', 'alice', 'pam']],
      )
      assert.equal((await ask(null, `POST /users/alice/tokens ${auth('root', 'right')}`)).status, 201)
    }))
  it('that are wrong, missing, or somebody else’s are refused with 403', () =>
    scene(async ({ ask }) => {
      for (const body of [
        auth('alice', 'wrong'),
        auth('bob', 'right'),
        auth('nobody', 'right'),
        '{}',
        '{"auth":null}',
        '{"auth":{"username":"alice"}}',
        '{"auth":7}',
      ])
        assert.equal((await ask(null, `POST /users/alice/tokens ${body}`)).status, 403, body)
      assert.equal((await ask(null, 'POST /users/alice/tokens')).status, 403)
      assert.equal((await ask('unknown-token', `POST /users/alice/tokens ${auth('alice', 'right')}`)).status, 201)
    }))
  it('count nowhere else', () =>
    scene(async ({ ask }) => {
      assert.equal((await ask(null, `POST /users ${auth('root', 'right')}`)).status, 403)
      assert.equal(
        (await ask('bob', `POST /users/alice/tokens ${auth('alice', 'right')}`)).status,
        403,
        'a token first',
      )
    }))
})

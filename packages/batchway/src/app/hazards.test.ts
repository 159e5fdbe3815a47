/**
 * What JupyterHub does that hurts its sites, without a number of its own: here it does not. Each test names its hazard as
 * docs/reference/advisories.md lists it. Asked of the gateway as it is.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CallerName } from './testing/authorisation-table.ts'
import { base, openWorld, origin, type World } from './testing/authorisation-world.ts'

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}
type Ask = (
  who: CallerName | { readonly token: string } | { readonly headers: Record<string, string> },
  request: string,
  more?: Record<string, string>,
) => Promise<Answer>

async function inWorld(test: (parts: { world: World; ask: Ask }) => Promise<void>, isBusy = true): Promise<void> {
  await using world = await openWorld({ isBusy })
  await test({
    world,
    async ask(who, request, more = {}) {
      const [, method = '', path = '', body] = /^(\S+) (\S*)(?: (.*))?$/.exec(request) ?? []
      const token = typeof who === 'string' ? world.tokenOf(who) : 'token' in who ? who.token : null
      const response = await world.publicApp.fetch(
        new Request(`${origin}${base}hub/api${path}`, {
          method,
          headers: {
            ...(token !== null && { Authorization: `token ${token}` }),
            ...(body !== undefined && { 'Content-Type': 'application/json' }),
            ...(typeof who === 'object' && 'headers' in who && who.headers),
            ...more,
          },
          ...(body !== undefined && { body }),
        }),
      )
      return { status: response.status, text: await response.text(), headers: response.headers }
    },
  })
}
const fieldOf = (text: string, name: string): unknown => Object(JSON.parse(text))[name]
const textOf = (answer: Answer): string => String(fieldOf(answer.text, 'token'))

describe('tokens', () => {
  // hazard token-mints-more: a token with `tokens` alone made one with everything its owner may do.
  it('hand on what they hold, and no more', () =>
    inWorld(async ({ world, ask }) => {
      const narrow = await world.tokenWith(['tokens!user', 'read:users:name!user'])
      for (const body of [
        '{"scopes":["inherit"]}',
        '{"scopes":["admin:users"]}',
        '{"scopes":["self"]}',
        '{"roles":["admin"]}',
      ]) {
        const refused = await ask({ token: narrow }, `POST /users/root-admin/tokens ${body}`)
        assert.equal(refused.status, 400, body)
      }
      const made = await ask({ token: narrow }, 'POST /users/root-admin/tokens {"scopes":["read:tokens!user"]}')
      assert.equal(made.status, 201)
      assert.equal((await ask({ token: textOf(made) }, 'GET /users/root-admin/tokens')).status, 200)
      assert.equal((await ask({ token: textOf(made) }, 'GET /users')).status, 403)
      // The same by whoever holds it all.
      assert.equal((await ask('admin', 'POST /users/root-admin/tokens {"scopes":["inherit"]}')).status, 201)
    }))

  // hazard service-mints-admin: `tokens` for everybody was everybody's rights, an administrator's too.
  it('of an administrator are not made by who holds the right to make tokens alone', () =>
    inWorld(async ({ world, ask }) => {
      const maker = await world.tokenWith(['tokens'])
      for (const body of ['', '{}', '{"scopes":["shutdown"]}', '{"roles":["admin"]}'])
        assert.equal((await ask({ token: maker }, `POST /users/root-admin/tokens ${body}`.trim())).status, 400, body)
      assert.equal((await ask({ token: maker }, 'POST /users/alice/tokens {"scopes":["servers!user"]}')).status, 400)
      assert.equal(
        (await ask({ token: maker }, 'POST /users/alice/tokens {"scopes":["read:tokens!user"]}')).status,
        201,
      )
    }))

  // hazard token-expiry-zero: an `expires_in` of 0 meant for ever, past any maximum.
  it('that live for no time, or for less, are not made', () =>
    inWorld(async ({ ask }) => {
      for (const life of ['0', '-1', '1.5', '"60"', 'true', '1e400'])
        assert.equal((await ask('alice', `POST /users/alice/tokens {"expires_in":${life}}`)).status, 400, life)
      assert.equal((await ask('alice', 'POST /users/alice/tokens {"expires_in":1}')).status, 201)
    }))
})

describe('an API that browsers and programs share', () => {
  // hazard cookies-for-programs: clients of one process keep cookies for all their users.
  it('sets no cookie on any answer to a token', () =>
    inWorld(async ({ ask }) => {
      for (const who of ['anonymous', 'expired', 'alice', 'aliceServer', 'admin', 'culler'] as const)
        for (const request of ['GET ', 'GET /user', 'GET /users/alice', 'GET /nothing', 'POST /user'])
          assert.equal((await ask(who, request)).headers.get('set-cookie'), null, `${who} ${request}`)
    }))

  // hazard never-401: a 401 makes single-user servers show an error page.
  it('answers 403 to credentials that are none, never 401', () =>
    inWorld(async ({ ask }) => {
      for (const value of [
        'token x',
        'Bearer ',
        'token',
        'Basic YWxpY2U6eA==',
        'Digest x',
        `token ${'x'.repeat(9_000)}`,
      ])
        for (const request of ['GET /user', 'GET /users/alice', 'POST /users/alice/tokens', 'DELETE /users/alice']) {
          const { status, headers } = await ask({ headers: { Authorization: value } }, request)
          assert.equal(status, 403, `${value.slice(0, 20)} ${request}`)
          assert.equal(headers.get('www-authenticate'), null)
        }
    }))

  // hazard form-types-of-post: only POST was kept from forms of other sites, the other methods were not.
  it('takes a browser’s cookie with JSON alone, whatever the method, and with the form token, reading too', () =>
    inWorld(async ({ world, ask }) => {
      const { headers, xsrf } = await world.browserOf('root-admin')
      const own = { ...headers, 'X-XSRFToken': xsrf }
      const before = world.deeds.length
      for (const request of [
        'POST /users/new {}',
        'PATCH /users/alice {"name":"mallory"}',
        'DELETE /users/bob {}',
        'PUT /groups/physics/properties {}',
        'DELETE /groups/physics {}',
      ]) {
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
          'application/jsonx',
        ])
          assert.equal(
            (await ask({ headers: own }, request, { 'Content-Type': type })).status,
            403,
            `${request} ${type}`,
          )
        assert.equal((await ask({ headers }, request)).status, 403, `${request} without the form token`)
      }
      assert.equal(world.deeds.length, before)
      for (const mode of ['cors', 'no-cors', 'same-origin'])
        assert.equal((await ask({ headers }, 'GET /users', { 'Sec-Fetch-Mode': mode })).status, 403, mode)
      assert.equal((await ask({ headers: own }, 'GET /users')).status, 200)
      assert.equal((await ask({ headers: own }, 'POST /users/new {}')).status, 201)
    }))

  // hazard existence-leak: an answer told who exists.
  it('says the same of what is not there and of what is another’s', () =>
    inWorld(async ({ ask }) => {
      const words = async (who: CallerName, request: string) => {
        const answer = await ask(who, request)
        return [answer.status, fieldOf(answer.text, 'message')]
      }
      for (const rest of [
        '',
        '/tokens',
        '/tokens/a1',
        '/server',
        '/servers/lab',
        '/sessions',
        '/sessions/alicelab1',
        '/server/progress',
      ])
        for (const who of ['bob', 'ofArt', 'ofAlice'] as const) {
          const there = who === 'ofAlice' ? 'bob' : 'alice'
          assert.deepEqual(
            await words(who, `GET /users/${there}${rest}`),
            await words(who, `GET /users/nobody-at-all${rest}`),
            `${who} ${rest}`,
          )
        }
      assert.deepEqual(await words('ofArt', 'GET /groups/physics'), await words('ofArt', 'GET /groups/none'))
      assert.deepEqual(await words('bob', 'POST /users/alice/tokens {}').then(([status]) => status), 403)
    }))

  // hazard host-header-in-links: the address of the next page came from whatever the client wrote.
  it('leads to the next page at an address of its own', () =>
    inWorld(async ({ ask, world }) => {
      const wrapped = { Accept: 'application/jupyterhub-pagination+json' }
      const forged = new Request(`https://evil.example${base}hub/api/users?limit=1`, {
        headers: { ...wrapped, Authorization: `token ${world.tokenOf('admin')}`, 'X-Forwarded-Host': 'evil.example' },
      })
      const text = await (await world.publicApp.fetch(forged)).text()
      assert.doesNotMatch(text, /evil/)
      const fair = await ask('admin', 'GET /users?limit=1', wrapped)
      assert.match(fair.text, /"url":"https:\/\/hpc\.example\.edu\/jupyter\/hub\/api\/users\?/)
    }))

  // hazard totals-of-others: the total of a page counted what the caller may not see.
  it('counts what the caller may see, and nothing else', () =>
    inWorld(async ({ world, ask }) => {
      const wrapped = { Accept: 'application/jupyterhub-pagination+json' }
      const total = async (path: string, scope: string) => {
        const answer = await ask({ token: await world.tokenWith([scope]) }, `GET ${path}`, wrapped)
        return Object(fieldOf(answer.text, '_pagination')).total
      }
      assert.equal(await total('/groups', 'list:groups'), 3)
      assert.equal(await total('/groups', 'list:groups!group=physics'), 1)
      assert.equal(await total('/groups', 'list:groups!group=none'), 0)
      assert.equal(await total('/users', 'list:users'), 8)
      assert.equal(await total('/users', 'list:users!group=physics'), 1)
      assert.equal(await total('/users', 'list:users!user=bob'), 1)
    }))
})

describe('users and groups', () => {
  // hazard orphans-of-users: a removed user's named servers went on as jobs of nobody.
  it('are removed with all their servers, the named ones first stopped', () =>
    inWorld(async ({ world, ask }) => {
      assert.equal((await ask('admin', 'DELETE /users/alice')).status, 400)
      const stops = world.deeds
        .filter((deed) => Object(deed).action === 'session-stop')
        .map((deed) => Object(deed).object)
      assert.deepEqual(stops.sort(), ['alice/', 'alice/lab'])
      assert.ok(await world.people.findUser('alice'), 'not before they have ended')
    }))

  // hazard half-made-groups: of several groups those before the first that exists were made.
  it('are made all or none', () =>
    inWorld(async ({ world, ask }) => {
      assert.equal((await ask('admin', 'POST /groups {"groups":["first","physics","last"]}')).status, 409)
      assert.equal(await world.people.findGroup('first'), null)
      assert.equal((await ask('admin', 'POST /users {"usernames":["first","../x"]}')).status, 400)
      assert.equal(await world.people.findUser('first'), null)
      assert.equal((await ask('admin', 'POST /groups {"groups":["first","last"]}')).status, 201)
    }))

  // hazard admin-by-narrow-token: a token of an administrator was one itself wherever the flag alone was looked at.
  it('become administrators by who holds an administrator’s every right, not by a token of one', () =>
    inWorld(async ({ world, ask }) => {
      const narrow = { token: await world.tokenWith(['admin:users']) }
      for (const request of [
        'PATCH /users/bob {"admin":true}',
        'POST /users/new {"admin":true}',
        'POST /users {"usernames":["new"],"admin":true}',
      ])
        assert.equal((await ask(narrow, request)).status, 403, request)
      assert.equal((await world.people.findUser('bob'))?.isAdmin, false)
      assert.equal(await world.people.findUser('new'), null)
      assert.equal((await ask('admin', 'PATCH /users/bob {"admin":true}')).status, 200)
    }))
})

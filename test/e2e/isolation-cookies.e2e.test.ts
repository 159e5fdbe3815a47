/**
 * What signs a person in stays where it belongs: links are used once, the hub's cookie never reaches an application, forms need their
 * token, and the hub's listeners are only for whom they are meant.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openControlClient } from '@batchway/proxy'
import { parse } from 'yaml'
import { runAs } from './support/as-person.ts'
import { withEcho } from './support/echo-profile.ts'
import { liveSession } from './support/live-secrets.ts'
import { openSite, type Site } from './support/site.ts'
import { openVisitor, startServer, useLink, type Visitor, visitorOf } from './support/visitor.ts'
import { openToAll } from './support/weakened.ts'

/** Headers by which a client may claim to be someone; the hub's cookie under its own and its prefixed name. */
const claims = {
  'remote-user': 'root',
  remote_user: 'root',
  'x-remote-user': 'root',
  'x-forwarded-user': 'root',
  'x-auth-request-user': 'root',
  'x-batchway-user': 'root',
  'oidc-claim-sub': 'root',
  'x-real-ip': '192.0.2.7',
  authorization: 'Bearer somebody',
  'x-hello': 'world',
}

for (const base of ['/', '/jupyter/']) {
  describe(`cookies, forms and listeners under ${base}`, () => {
    let site: Site
    let alice: Visitor
    let bob: Visitor
    const prefix = `${base}user/alice/`
    const stranger = () => openVisitor(new URL(site.url).origin, base, 'stranger')

    before(async () => {
      site = await openSite({ base, instance: 'i2', change: withEcho })
      alice = await visitorOf(site, 'alice')
      bob = await visitorOf(site, 'bob')
      await startServer(alice, 'local-echo')
    })
    after(() => site?.[Symbol.asyncDispose]())

    it('signs in once by a link, and nobody after that', async () => {
      const link = await site.link('alice')
      const first = stranger()
      const { pathname, search } = new URL(link)
      // Looking at it does not use it up.
      assert.equal((await stranger().ask(pathname + search)).status, 200)
      assert.equal((await useLink(first, site, link)).status, 302)
      assert.match((await first.open(`${base}hub/home`)).body, /alice/)

      const second = stranger()
      const answer = await useLink(second, site, link)
      assert.equal(answer.status, 410)
      assert.equal(second.cookie('jupyterhub-hub-login', `${base}hub/`), undefined)
      assert.equal((await useLink(bob, site, link)).status, 410)
      assert.doesNotMatch((await bob.open(`${base}hub/home`)).body, /alice/)
    })

    it("gives bob nothing for alice's session id beside his own cookie", async () => {
      const id = alice.cookie('jupyterhub-session-id', base)
      const login = bob.cookie('jupyterhub-hub-login', `${base}hub/`)
      const xsrf = bob.cookie('_xsrf', `${base}hub/`)
      assert.ok(id && login && xsrf)
      const cookies = `jupyterhub-session-id=${id}; jupyterhub-hub-login=${login}; _xsrf=${xsrf}`
      assert.equal(JSON.parse((await bob.api('/user', { cookies })).body).name, 'bob')
      assert.notEqual((await bob.ask(prefix, { cookies })).status, 200)
      // The id alone is no sign-in at all.
      assert.equal((await bob.api('/user', { cookies: `jupyterhub-session-id=${id}; _xsrf=${xsrf}` })).status, 403)
      // Nor does bob's sign-out end hers.
      const guest = await visitorOf(site, 'bob')
      await guest.ask(`${base}hub/logout`, {
        cookies: `jupyterhub-session-id=${id}; jupyterhub-hub-login=${guest.cookie('jupyterhub-hub-login', `${base}hub/`)}`,
      })
      assert.equal((await guest.api('/user')).status, 403)
      assert.equal((await alice.api('/user')).status, 200)
      assert.equal((await alice.open(prefix)).status, 200)
    })

    it('refuses a POST without the token against forgery, or with another person’s', async () => {
      const post = (fields: Record<string, string>) =>
        alice.ask(`${base}hub/preferences`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ theme: 'dark', ...fields }).toString(),
        })
      const own = alice.cookie('_xsrf', `${base}hub/`) ?? ''
      const his = bob.cookie('_xsrf', `${base}hub/`) ?? ''
      assert.equal((await post({})).status, 403)
      assert.equal((await post({ _xsrf: his })).status, 403)
      assert.ok((await post({ _xsrf: own })).status < 400)

      const none = { headers: { 'x-xsrftoken': '' } }
      assert.equal((await alice.api('/users/alice/activity', { ...none, method: 'POST', body: '{}' })).status, 403)
      assert.equal((await alice.api('/user', none)).status, 403)
      assert.equal(
        (await alice.api('/users/alice/activity', { method: 'POST', body: '{"last_activity":"2024-01-01"}' })).status,
        200,
      )
    })

    it('keeps the sign-in and claimed identities from the application', async () => {
      await alice.open(prefix)
      const login = alice.cookie('jupyterhub-hub-login', `${base}hub/`)
      const gate = alice
        .cookies()
        .filter(({ path }) => path === prefix)
        .map(({ name, value }) => `${name}=${value}`)
      const cookies = [
        `jupyterhub-hub-login=${login}`,
        'theme=dark',
        `__Host-jupyterhub-hub-login=${login}`,
        `__Secure-jupyterhub-hub-login=${login}`,
        ...gate,
      ].join('; ')
      const { status, body } = await alice.ask(`${prefix}page`, { headers: claims, cookies })
      assert.equal(status, 200, body)
      const echo: { headers: [string, string][] } = JSON.parse(body)
      const got = new Map(echo.headers.map(([name, value]) => [name.toLowerCase(), value]))
      // What is the application's business does arrive.
      assert.equal(got.get('x-hello'), 'world')
      assert.equal(got.get('cookie'), 'theme=dark')
      for (const name of Object.keys(claims).filter((each) => each !== 'x-hello' && each !== 'authorization'))
        assert.equal(got.get(name), undefined, name)
      assert.equal(got.get('authorization'), `token ${liveSession(site, 'alice').appToken}`)
      assert.ok(login && !body.includes(login))
    })

    it('lets an application set cookies of its own below its path, and none of the hub’s', async () => {
      const set = [
        'mine=1; Path=/',
        'jupyterhub-hub-login=forged; Path=/',
        '=jupyterhub-hub-login=forged',
        '__Host-jupyterhub-hub-login=x',
      ]
      const query = set.map((cookie) => `set=${encodeURIComponent(cookie)}`).join('&')
      const { headers } = await alice.ask(`${prefix}page?${query}`)
      assert.deepEqual(
        headers['set-cookie']?.filter((line) => !line.startsWith('batchway-gate')),
        [`mine=1; Path=${prefix}`],
      )
      // Counterpart: on the hub's own routes such a cookie passes, so it is the route's kind that decides.
      const seen: IncomingHttpHeaders[] = []
      const server = createServer((request, response) => {
        seen.push(request.headers)
        response.setHeader('Set-Cookie', 'jupyterhub-hub-login=forged').end()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      assert.ok(address !== null && typeof address !== 'string')
      using control = openControlClient({
        address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
        token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
      })
      const cookies = 'jupyterhub-hub-login=secret; theme=dark'
      for (const hub of [true, false]) {
        await control.addRoute(`${base}control`, { target: `http://127.0.0.1:${address.port}`, hub })
        const answer = await stranger().ask(`${base}control`, { cookies })
        assert.equal(answer.headers['set-cookie']?.length, hub ? 1 : undefined)
        assert.equal(seen.at(-1)?.cookie, hub ? cookies : 'theme=dark')
      }
      await control.removeRoute(`${base}control`)
      server.close()
    })

    it('serves no pages on the internal listener, and takes no cookies or claimed identities there', async () => {
      const config: { hub: { internal: string[] } } = parse(readFileSync(site.configFile, 'utf8'))
      const inside = openVisitor(`http://${config.hub.internal[0]}`, base, 'alice')
      const cookies = alice
        .cookies()
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ')
      for (const path of [
        '',
        'hub/',
        'hub/home',
        'hub/login',
        'hub/spawn',
        'hub/login/link',
        'user/alice/',
        'hub/static/base.css',
      ]) {
        const answer = await inside.ask(`${base}${path}`, { cookies, headers: claims })
        assert.equal(answer.status, 404, path)
        assert.equal(answer.headers['set-cookie'], undefined)
        assert.doesNotMatch(answer.body, /<html/i)
      }
      const xsrf = { 'x-xsrftoken': alice.cookie('_xsrf', `${base}hub/`) ?? '' }
      const { authorization: _, ...identities } = claims
      assert.equal(
        (await inside.ask(`${base}hub/api/user`, { cookies, headers: { ...xsrf, ...identities } })).status,
        403,
      )
      assert.equal((await alice.ask(`${base}hub/api/user`, { headers: xsrf })).status, 200)
      const { apiToken } = liveSession(site, 'alice')
      const byToken = await inside.ask(`${base}hub/api/user`, { headers: { authorization: `token ${apiToken}` } })
      assert.equal(JSON.parse(byToken.body).name, 'alice')
      assert.equal(byToken.headers['set-cookie'], undefined)
    })

    it('lets nobody but the proxy’s account connect to the hub’s public socket and to the proxy’s control', async () => {
      for (const [name, path] of [
        ['hub.sock', `${base}hub/health`],
        ['proxy.sock', '/_chp_healthz'],
      ] as const) {
        const socket = join(site.stateDirectory, name)
        assert.equal(statSync(socket).mode & 0o077, 0, name)
        const ask = (user: string, at = socket) =>
          runAs(user, ['curl', '-sS', '--unix-socket', at, '-H', 'X-Batchway-User: alice', `http://hub${path}`])
        for (const user of ['bob', 'alice', 'nobody']) {
          const { code, stdout } = await ask(user)
          assert.equal(code, 7, `${user} at ${name}`)
          assert.equal(stdout, '')
        }
        assert.equal((await ask('batchway')).code, 0)

        // Counterpart: the same socket with rights for everybody.
        await using open = await openToAll(socket)
        assert.equal((await ask('bob', open.path)).code, 0)
      }
    })
  })
}

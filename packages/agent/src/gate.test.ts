import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { InstalledAgent } from './install.ts'
import {
  ask,
  connectWithKey,
  exchange,
  installForTests,
  ourselves,
  type RunningAgent,
  readUntil,
  sharedFolder,
  startAgent,
} from './testing/agent-bench.ts'
import { canary, type FakeHub, openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { signIn, signInAt } from './testing/sign-in.ts'
import { until } from './testing/until.ts'

const prefix = '/jupyter/user/alice/'
const navigate = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent: InstalledAgent = installForTests(folder.path)
const me = ourselves(folder.path)
const gate = {
  clientId: 'jupyterhub-user-alice',
  hubPath: '/jupyter/hub/',
  redirectPath: `${prefix}oauth_callback`,
  accessScopes: ['access:servers!server=alice/', 'access:servers!user=alice'],
  apiToken: canary('api'),
  appToken: canary('app'),
}

for (const listensOn of ['port', 'socket'] as const)
  describe(`the gate, before an application on a ${listensOn}`, () => {
    let hub: FakeHub
    let run: RunningAgent
    let port = 0
    before(async () => {
      const argv = [agent.node, join(import.meta.dirname, 'testing/stub-app.ts'), `{${listensOn}}`, prefix]
      hub = await openFakeHub({ application: { access: 'gated', listensOn, argv, prefix, gate } })
      hub.users.set('token-alice', { name: 'alice', scopes: ['access:servers!server=alice/'] })
      hub.users.set('token-bob', { name: 'bob', scopes: ['access:servers!user=bob', 'read:users!user=bob'] })
      hub.users.set('token-admin', { name: 'carol', scopes: ['access:servers'] })
      run = startAgent(agent, hub, me)
      port = (await until('ready', () => reportsOf(hub, 'ready')[0])).port
    })
    after(async () => {
      await run[Symbol.asyncDispose]()
      await hub[Symbol.asyncDispose]()
      assert.equal(
        [gate.apiToken, gate.appToken, 'token-alice'].some((secret) => run.output().includes(secret)),
        false,
      )
    })

    const headersSeen = async (cookie: string, headers: Record<string, string> = {}) => {
      const answer = await ask(hub, port, `${prefix}headers`, { headers: { cookie, ...headers } })
      return JSON.parse(/\{.*\}/s.exec(answer.body)?.[0] ?? 'null')
    }

    it('sends a visitor to the hub and lets him in with the code he brings back', async () => {
      const first = await ask(hub, port, `${prefix}lab?a=1`, { headers: navigate })
      assert.equal(first.status, 302)
      const query = new URLSearchParams(first.location.replace(/^\/jupyter\/hub\/api\/oauth2\/authorize\?/, ''))
      assert.deepEqual(
        [
          query.get('client_id'),
          query.get('redirect_uri'),
          query.get('response_type'),
          query.get('code_challenge_method'),
        ],
        [gate.clientId, gate.redirectPath, 'code', 'S256'],
      )
      assert.match(query.get('code_challenge') ?? '', /^[\w-]{43}$/)
      assert.match(first.headers, /cache-control: no-store/)
      assert.match(
        first.headers,
        /set-cookie: batchway-gate-[0-9a-f]{12}-state=[^;]+; Path=\/jupyter\/user\/alice\/; HttpOnly; SameSite=Lax; Max-Age=600/,
      )

      const { cookie, last } = await signIn(hub, port, `${prefix}lab?a=1`, 'token-alice')
      assert.equal(last.location, `${prefix}lab?a=1`)
      assert.match(last.headers, /HttpOnly; SameSite=Lax/)
      assert.doesNotMatch(cookie, /token-alice/)
      const seen = await headersSeen(`${cookie}; other=1`, { authorization: 'token stolen', 'x-kept': 'yes' })
      assert.deepEqual([seen.authorization, seen.cookie, seen['x-kept']], [`token ${gate.appToken}`, 'other=1', 'yes'])
      const state = first.cookies.join('; ')
      assert.match(state, /-state=/)
      assert.equal((await headersSeen(`${cookie}; ${state}; other=2`)).cookie, 'other=2')
    })

    it('keeps its cookies to HTTPS where the browser came by it', async () => {
      for (const [proto, isSecure] of [
        ['https', true],
        ['http', false],
      ] as const) {
        const headers = { ...navigate, 'x-forwarded-proto': proto }
        const first = await ask(hub, port, `${prefix}lab`, { headers })
        assert.equal(/set-cookie: .*; Secure/.test(first.headers), isSecure, proto)
      }
    })

    // CVE-2024-28179 (jupyter-server-proxy): WebSockets were passed on before anybody asked who it was.
    it('refuses programs and WebSockets without a sign-in, and never redirects them', async () => {
      for (const [method, path, headers] of [
        ['GET', 'api/status', { accept: 'application/json' }],
        ['GET', 'api/status', { accept: 'text/html', 'sec-fetch-mode': 'cors' }],
        ['POST', 'sum', navigate],
        ['GET', 'headers', { authorization: `token ${gate.appToken}`, accept: '*/*' }],
      ] as const)
        assert.equal((await ask(hub, port, prefix + path, { method, headers })).status, 403, `${method} ${path}`)
      assert.equal(
        (await ask(hub, port, `${prefix}ws`, { headers: { ...navigate, connection: 'Upgrade', upgrade: 'websocket' } }))
          .status,
        403,
      )
      assert.equal((await ask(hub, port, '/jupyter/user/bob/', { headers: navigate })).status, 404)
    })

    it('keeps a user without access out, and lets a wider scope in', async () => {
      const bobs = await signIn(hub, port, `${prefix}lab`, 'token-bob')
      assert.deepEqual([bobs.last.status, bobs.last.cookies], [403, []])
      assert.match(bobs.last.body, /may not use this session/)
      const admin = await signIn(hub, port, `${prefix}lab`, 'token-admin')
      assert.equal(admin.last.status, 302)
    })

    it('uses a state once, and only in the browser it was made for', async () => {
      const { callback, stateCookie } = await signInAt(hub, port, `${prefix}lab`, 'token-alice')
      const bring = (cookie: string) => ask(hub, port, callback, { headers: { ...navigate, cookie } })
      assert.equal((await bring('')).status, 403)
      assert.equal((await bring('batchway-gate-000000000000-state=x')).status, 403)
      const posted = await ask(hub, port, callback, { method: 'POST', headers: { ...navigate, cookie: stateCookie } })
      assert.equal(posted.status, 403, 'a form brings no code')
      assert.equal((await bring(stateCookie)).status, 302, 'positive control')
      assert.equal((await bring(stateCookie)).status, 403)
      const invented = await ask(hub, port, `${gate.redirectPath}?code=abc&state=abc`, {
        headers: { ...navigate, cookie: stateCookie },
      })
      assert.equal(invented.status, 403)
    })

    it('refuses forged and tampered cookies', async () => {
      const { cookie } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const [name = '', value = ''] = cookie.split('=')
      const [id, , signature] = value.split('.')
      const other = `${name}=${id}.${Buffer.from('carol').toString('base64url')}.${signature}`
      for (const bad of [other, `${cookie}x`, `${name}=`, `${name}=..`, `${name}=a.b.c`])
        assert.equal((await ask(hub, port, `${prefix}headers`, { headers: { cookie: bad } })).status, 403)
      assert.equal((await ask(hub, port, `${prefix}headers`, { headers: { cookie } })).status, 200)
    })

    it('goes nowhere but below the prefix after the sign-in', async () => {
      const answer = await ask(hub, port, `${prefix}../../../evil`, { headers: navigate })
      assert.equal(answer.status, 404)
      const { last } = await signIn(hub, port, `${prefix}x?next=//evil.test/`, 'token-alice')
      assert.equal(last.location, `${prefix}x?next=//evil.test/`)
    })

    it('refuses what another site asks for in the name of a visitor', async () => {
      const { cookie } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const post = (headers: Record<string, string>) =>
        ask(hub, port, `${prefix}sum`, { method: 'POST', body: 'abc', headers: { cookie, ...headers } }).then(
          (answer) => answer.status,
        )
      assert.equal(await post({ 'sec-fetch-site': 'same-origin', origin: 'http://gateway.test' }), 200)
      assert.equal(await post({}), 200, 'programs send neither')
      assert.equal(await post({ 'sec-fetch-site': 'cross-site' }), 403)
      assert.equal(await post({ 'sec-fetch-site': 'same-site' }), 403)
      assert.equal(await post({ origin: 'http://evil.test' }), 403)
      assert.equal(await post({ origin: 'null' }), 403)
      assert.equal(
        await post({ 'sec-fetch-site': 'same-origin', referer: 'http://gateway.test/jupyter/user/mallory/x' }),
        403,
      )

      const upgrade = (headers: Record<string, string>) =>
        ask(hub, port, `${prefix}nothing`, {
          headers: { cookie, connection: 'Upgrade', upgrade: 'websocket', ...headers },
        }).then((answer) => answer.status)
      assert.equal(await upgrade({ origin: 'http://evil.test' }), 403)
      assert.equal(
        await upgrade({ origin: 'http://gateway.test' }),
        404,
        'reaches the application, which has no such socket',
      )
      const headers = { cookie, connection: 'Upgrade', upgrade: 'websocket' }
      assert.equal((await ask(hub, port, '/jupyter/user/bob/nothing', { headers })).status, 403)
      assert.equal((await ask(hub, port, `${prefix}nothing`, { method: 'POST', headers })).status, 403)
    })

    it('carries WebSockets, and ends a connection whose upgrade the application refused', async () => {
      const { cookie } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const upgrade = (path: string, cookie: string) =>
        `GET ${prefix}${path} HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookie}\r\n\r\n`
      const socket = await connectWithKey(port, hub.claim.psk)
      assert.match(await exchange(socket, upgrade('ws', cookie), /\r\n\r\n/), /^HTTP\/1.1 101 /)
      assert.equal(await exchange(socket, 'ping', /ping/), 'ping')
      const rest = readUntil(socket)
      await ask(hub, port, `${prefix}logout`, { headers: { ...navigate, cookie } })
      assert.equal(await rest, '', 'who logs out has no WebSocket any more')

      const { cookie: again } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const refused = await connectWithKey(port, hub.claim.psk)
      const smuggled = `GET ${prefix}headers HTTP/1.1\r\nHost: x\r\n\r\n`
      const text = await exchange(refused, upgrade('nothing', again) + smuggled)
      assert.match(text, /^HTTP\/1.1 404 /)
      assert.doesNotMatch(text, /"host"/)
      refused.destroy()
    })

    it('asks the hub once about many requests, and logs out', async () => {
      const { cookie } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const asked = hub.asked.user
      const many = await Promise.all(
        Array.from({ length: 10 }, () => ask(hub, port, `${prefix}headers`, { headers: { cookie } })),
      )
      assert.ok(many.every((answer) => answer.status === 200))
      assert.equal(hub.asked.user, asked)
      await ask(hub, port, `${prefix}logout`, { method: 'POST', headers: { cookie } })
      assert.equal(
        (await ask(hub, port, `${prefix}headers`, { headers: { cookie } })).status,
        200,
        'a form ends nothing',
      )
      const out = await ask(hub, port, `${prefix}logout`, { headers: { ...navigate, cookie } })
      assert.equal(out.location, '/jupyter/hub/logout')
      assert.equal((await ask(hub, port, `${prefix}headers`, { headers: { cookie } })).status, 403)
    })

    it('carries large bodies both ways over kept-alive connections', async () => {
      const { cookie } = await signIn(hub, port, `${prefix}lab`, 'token-alice')
      const body = 'x'.repeat(2 * 1024 * 1024)
      assert.match(
        (await ask(hub, port, `${prefix}sum`, { method: 'POST', body, headers: { cookie } })).body,
        /2097152/,
      )
      const big = await ask(hub, port, `${prefix}big`, { headers: { cookie } })
      assert.equal(big.body.length, 8 * 1024 * 1024)
      const socket = await connectWithKey(port, hub.claim.psk)
      const request = `GET ${prefix}headers HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`
      const ports = new Set<string | undefined>()
      for (let turn = 0; turn < 3; turn++) {
        socket.write(request)
        ports.add(/"stub-client-port":(\d+)/.exec(await readUntil(socket, /"host":"x".*\}/s))?.[1])
      }
      assert.equal(ports.size, 1, 'the connection to the application is kept, too')
      socket.destroy()
    })
  })

describe('the gate on a host of its user’s own', () => {
  it('binds its cookies to that host: no other host can set or overwrite them', async () => {
    const argv = [agent.node, join(import.meta.dirname, 'testing/stub-app.ts'), '{port}', prefix]
    await using hub = await openFakeHub({
      application: { access: 'gated', argv, prefix, gate: { ...gate, hostCookies: true } },
    })
    hub.users.set('token-alice', { name: 'alice', scopes: ['access:servers!server=alice/'] })
    await using _run = startAgent(agent, hub, me)
    const { port } = await until('ready', () => reportsOf(hub, 'ready')[0])
    const { stateCookie, callback } = await signInAt(hub, port, `${prefix}lab`, 'token-alice')
    assert.match(stateCookie, /^__Host-batchway-gate-[0-9a-f]{12}-state=/)
    const { status, headers } = await ask(hub, port, callback, { headers: { ...navigate, cookie: stateCookie } })
    assert.equal(status, 302)
    assert.match(
      headers,
      /set-cookie: __Host-batchway-gate-[0-9a-f]{12}=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure/,
    )
  })
})

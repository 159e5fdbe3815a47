/**
 * Sign-in by a front server's header, with the real command: whom the front server names is signed in and followed, and nobody else
 * is who they say. Each attack has its counterpart that succeeds with the one defence off.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { programText, runAs } from './support/as-person.ts'
import { freePort } from './support/free-port.ts'
import { frontSecret, openHeaderSite } from './support/header-site.ts'
import { liveSession } from './support/live-secrets.ts'
import type { Site } from './support/site.ts'
import { until } from './support/until.ts'
import { openVisitor, startServer, stopServer, type Visitor } from './support/visitor.ts'

const base = '/jupyter/'
const shown = { 'X-Batchway-Front-Secret': frontSecret }

/** What a front server adds for a user; null: nobody is signed in there. */
const frontHeaders = (user: string | null): Record<string, string> => ({
  ...shown,
  Remote_User: user ?? '(null)',
  Remote_User_Data: 'stuff;morestuff',
})

interface RawAnswer {
  readonly status: number
  readonly text: string
}

/** As a person at this machine who writes requests by hand. */
async function raw(
  user: string,
  to: readonly [host: string, port: number] | string,
  lines: readonly string[],
  { from = null, path = `${base}hub/home` }: { readonly from?: string | null; readonly path?: string } = {},
): Promise<RawAnswer> {
  const head = [`GET ${path} HTTP/1.1`, 'Host: gate.example', 'Accept: text/html', 'Connection: close', ...lines]
  const order = JSON.stringify({ to, from, text: `${head.join('\r\n')}\r\n\r\n` })
  const { code, stdout, stderr } = await runAs(user, ['/usr/bin/python3', '-I', '-c', programText('raw.py')], order)
  assert.equal(code, 0, stderr)
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1] ?? 0), text: stdout }
}

const forged = ['Remote_User: alice', 'Remote_User_Data: x']
const attested = ['X-Batchway-Front: yes', 'X-Batchway-User: alice', 'X-Batchway-User-Data: x']
const signsIn = ({ text }: RawAnswer) => /^set-cookie: jupyterhub-hub-login=[^;]/im.test(text)

describe('a front server’s header, with the real command', () => {
  let site: Site
  let port: number
  /** Who uses this browser, in the front server's eyes. */
  let current: string | null = 'alice'
  const at = (name: string) => openVisitor(`http://127.0.0.1:${port}`, base, name, () => frontHeaders(current))
  const nameOf = async (visitor: Visitor) => {
    const { status, body } = await visitor.api('/user')
    return status === 200 ? JSON.parse(body).name : status
  }

  before(async () => {
    port = await freePort()
    site = await openHeaderSite({ instance: 'h0', url: `http://127.0.0.1:${port}${base}`, port })
  })
  after(() => site?.[Symbol.asyncDispose]())

  it('signs in whom it names, ends that for the next, and for nobody', async () => {
    const browser = at('alice')
    current = 'alice'
    assert.match((await browser.open(`${base}hub/home`)).body, /alice/)
    assert.equal(await nameOf(browser), 'alice')
    const alices = browser.cookie('jupyterhub-hub-login', `${base}hub/`)

    current = 'bob'
    assert.equal(await nameOf(browser), 401, 'her page’s script does not act for him')
    assert.match((await browser.open(`${base}hub/home`)).body, /bob/)
    assert.equal(await nameOf(browser), 'bob')
    current = 'alice'
    assert.equal(
      (await browser.api('/user', { cookies: `jupyterhub-hub-login=${alices}` })).status,
      401,
      'ended for good',
    )

    current = 'bob'
    await browser.open(`${base}hub/home`)
    assert.equal(await nameOf(browser), 'bob')
    current = null
    const gone = await browser.api('/user')
    assert.deepEqual([gone.status, JSON.parse(gone.body).type], [401, 'urn:batchway:unauthenticated'])
    current = 'bob'
    assert.equal(await nameOf(browser), 401, 'that sign-in does not come back')
    current = null
    const page = await browser.open(`${base}hub/home`)
    assert.deepEqual([page.status, page.path.startsWith(`${base}hub/login`)], [401, true])
    assert.match(page.body, /has not told who you are/)
  })

  it('answers scripts, event streams and WebSockets of nobody with 401 as JSON', async () => {
    const browser = at('alice')
    current = 'alice'
    await browser.open(`${base}hub/home`)
    const xsrf = browser.cookie('_xsrf', `${base}hub/`) ?? ''
    const stream = `${base}hub/api/sessions/events?_xsrf=${encodeURIComponent(xsrf)}`
    const cookies = browser
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    const events = { headers: { accept: 'text/event-stream' }, enough: /./ }
    assert.equal((await browser.ask(stream, events)).status, 200, 'hers, while she is there')
    const below = `${base}hub/user/alice/api/kernels`
    assert.equal((await browser.ask(below, { headers: { accept: 'application/json' } })).status, 424)
    current = null
    for (const answer of [
      await browser.ask(stream, { ...events, cookies }),
      await browser.ask(stream, events),
      await browser.ask(below, { headers: { accept: 'application/json' } }),
      await browser.upgrade(`${below}/1/channels`),
      await browser.api('/user'),
    ]) {
      assert.deepEqual([answer.status, answer.headers['content-type']], [401, 'application/json'])
      assert.equal(JSON.parse(answer.body).status, 401)
    }
  })

  it('ends the event streams of the one before when the next comes to a page', async () => {
    const browser = at('alice')
    current = 'alice'
    await browser.open(`${base}hub/home`)
    const xsrf = browser.cookie('_xsrf', `${base}hub/`) ?? ''
    const path = `${base}hub/api/sessions/events?_xsrf=${encodeURIComponent(xsrf)}`
    const headers = { accept: 'text/event-stream' }
    assert.equal((await browser.ask(path, { headers, enough: /./ })).status, 200)
    let isOver = false
    const stream = browser.ask(path, { headers }).then(({ status }) => {
      isOver = true
      return status
    })
    assert.equal(await nameOf(browser), 'alice')
    assert.equal(isOver, false, 'it goes on as long as she is there')
    current = 'bob'
    await browser.open(`${base}hub/home`)
    await until('her stream is over', () => isOver)
    assert.equal(await stream, 200)
  })

  it('lets nothing be done without the token of the sign-in', async () => {
    const browser = at('alice')
    current = 'alice'
    await browser.open(`${base}hub/home`)
    const start = { method: 'POST', body: JSON.stringify({ user_options: { profile: 'local-echo' } }) }
    const json = { 'content-type': 'application/json' }
    const path = `${base}hub/api/users/alice/server`
    // Another site's script: the front server names her, and the browser sends no cookie.
    assert.equal((await browser.ask(path, { ...start, headers: json, cookies: 'a=1' })).status, 401)
    // From a neighbour's application on our origin: with the cookie, without the token.
    assert.equal((await browser.ask(path, { ...start, headers: json })).status, 403)
    const form = {
      method: 'POST',
      body: 'theme=dark',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    }
    for (const cookies of ['a=1', undefined])
      assert.equal((await browser.ask(`${base}hub/preferences`, { ...form, ...(cookies && { cookies }) })).status, 403)
    assert.equal((await browser.api('/users/alice')).status, 200)
    assert.equal(JSON.parse((await browser.api('/users/alice')).body).server, null)
  })

  it('shows applications neither who it says somebody is nor the secret; tokens work from outside', async () => {
    const browser = at('alice')
    current = 'alice'
    await browser.open(`${base}hub/home`)
    await startServer(browser, 'local-echo')
    try {
      const echoed = await browser.open(`${base}user/alice/`)
      assert.equal(echoed.status, 200, echoed.body)
      // Its own token is the agent's; a password that the front server asked for is nobody's here.
      const password = { headers: { authorization: 'Basic YWxpY2U6cGFzc3dvcmQ=' } }
      for (const { body } of [echoed, await browser.ask(`${base}user/alice/`, password)]) {
        const { headers }: { headers: [string, string][] } = JSON.parse(body)
        assert.deepEqual(
          headers.filter(([name, value]) => /remote|batchway/i.test(name) || /basic/i.test(value)),
          [],
        )
        assert.ok(!body.includes(frontSecret) && !body.includes('morestuff'))
      }

      const { apiToken } = liveSession(site, 'alice')
      const outside = openVisitor(`http://127.0.0.1:${port}`, base, 'outside')
      const by = (token: string, always = {}) =>
        outside.ask(`${base}hub/api/user`, { headers: { ...always, authorization: `token ${token}` } })
      // Whatever the front server says, and whatever cookie comes along.
      for (const always of [{}, frontHeaders(null), frontHeaders('bob')]) {
        const answer = await by(apiToken, always)
        assert.deepEqual([answer.status, JSON.parse(answer.body).name], [200, 'alice'])
        assert.equal((await by(`x${apiToken}`, always)).status, 403)
      }
      assert.equal(await nameOf(browser), 'alice', 'and her browser is as it was')
    } finally {
      await stopServer(browser)
    }
  })

  it('signs out, and says that the front server’s own session goes on', async () => {
    const browser = at('alice')
    current = 'alice'
    await browser.open(`${base}hub/home`)
    const out = await browser.ask(`${base}hub/logout`, { headers: { accept: 'text/html' } })
    assert.equal(out.status, 200)
    assert.match(out.body, /Your site’s sign-in goes on/)
    assert.equal(browser.cookie('jupyterhub-hub-login', `${base}hub/`), undefined)
    assert.match((await browser.open(`${base}hub/home`)).body, /alice/, 'her next page begins the next sign-in')
  })

  it('takes a link for requests that the front server names nobody on, and yields to the front server', async () => {
    const browser = at('carol')
    current = null
    const { pathname, search, searchParams } = new URL(await site.link('carol'))
    await browser.ask(pathname + search, { headers: { accept: 'text/html' } })
    const form = { _xsrf: browser.cookie('_xsrf', pathname) ?? '', key: searchParams.get('key') ?? '' }
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
    await browser.ask(pathname, { method: 'POST', headers, body: new URLSearchParams(form).toString() })
    assert.equal(await nameOf(browser), 'carol')
    current = 'alice'
    assert.equal(await nameOf(browser), 401)
    await browser.open(`${base}hub/home`)
    assert.equal(await nameOf(browser), 'alice')
  })

  describe('forged', () => {
    const proxy = (): readonly [string, number] => ['127.0.0.1', port]

    it('on this machine, by another account: through the proxy it counts for nothing', async () => {
      for (const lines of [
        forged,
        [...forged, 'X-Batchway-Front-Secret: guess'],
        attested,
        [...forged, ...attested, 'X-Forwarded-For: 127.0.0.1'],
      ]) {
        const answer = await raw('bob', proxy(), lines)
        assert.deepEqual([answer.status, signsIn(answer)], [303, false], lines.join())
        assert.equal((await raw('bob', proxy(), lines, { path: `${base}hub/api/user` })).status, 401)
      }
      // The control: who knows the secret is believed. That is what the secret is for.
      const known = await raw('bob', proxy(), [...forged, `X-Batchway-Front-Secret: ${frontSecret}`])
      assert.deepEqual([known.status, signsIn(known)], [200, true])
    })

    it('from a compute node’s address: not even with the secret', async () => {
      const lines = [...forged, `X-Batchway-Front-Secret: ${frontSecret}`]
      const answer = await raw('bob', proxy(), lines, { from: '127.0.0.11' })
      assert.deepEqual([answer.status, signsIn(answer)], [303, false])
      assert.equal(
        signsIn(await raw('bob', proxy(), lines, { from: '127.0.0.1' })),
        true,
        'the same from the front server’s',
      )
    })

    it('as duplicate, alias, underscore or other case, beside the front server’s own', async () => {
      const front = [`X-Batchway-Front-Secret: ${frontSecret}`, 'Remote_User: bob', 'Remote_User_Data: x']
      assert.match((await raw('bob', proxy(), front)).text, /bob/)
      for (const line of [
        'Remote_User: alice',
        'remote_user: alice',
        'REMOTE_USER: alice',
        'Remote-User: alice',
        'REMOTE-USER: alice',
        'Remote-User-Data: x',
      ]) {
        const answer = await raw('bob', proxy(), [...front, line])
        assert.deepEqual([answer.status, signsIn(answer)], [400, false], line)
        assert.match(answer.text, /Your sign-in cannot be read/)
      }
    })

    it('at the internal listener: it has no pages, and reads neither headers nor cookies', async () => {
      const { hub }: { hub: { internal: string[] } } = parse(readFileSync(site.configFile, 'utf8'))
      const [host = '', internal = ''] = hub.internal[0]?.split(':') ?? []
      const to = [host, Number(internal)] as const
      const all = [...forged, ...attested, `X-Batchway-Front-Secret: ${frontSecret}`]
      const page = await raw('bob', to, all)
      assert.deepEqual([page.status, signsIn(page)], [404, false])
      assert.equal((await raw('bob', to, all, { path: `${base}hub/api/user` })).status, 403)
      assert.equal((await raw('bob', to, all, { path: `${base}hub/api/` })).status, 200, 'it does answer')
    })

    it('at the sockets behind the proxy: nobody else may connect, and that is what holds', async () => {
      for (const name of ['hub.sock', 'proxy.sock', 'front.sock']) {
        const answer = await raw('bob', join(site.stateDirectory, name), [...forged, ...attested])
        assert.equal(answer.text.trim(), 'not permitted', name)
      }
      // The control: whoever may connect there is believed.
      assert.equal(signsIn(await raw('batchway', join(site.stateDirectory, 'hub.sock'), attested)), true)
      assert.equal(signsIn(await raw('batchway', join(site.stateDirectory, 'front.sock'), forged)), true)
      // The control socket wants its token besides.
      const control = await raw('batchway', join(site.stateDirectory, 'proxy.sock'), attested, { path: '/api/routes' })
      assert.equal(control.status, 403)
    })

    it('with a secret that lies about: it is in no command line, no environment and no log, and closed to others', async () => {
      const file = join(site.stateDirectory, 'front.secret')
      const { code, stderr } = await runAs('bob', ['/bin/cat', file])
      assert.notEqual(code, 0)
      assert.match(stderr, /Permission denied/)
      let seen = 0
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        for (const part of ['cmdline', 'environ'])
          try {
            const text = readFileSync(`/proc/${pid}/${part}`, 'latin1')
            seen += 1
            assert.ok(!text.includes(frontSecret), `${part} of ${pid}`)
          } catch (error) {
            if (error instanceof assert.AssertionError) throw error // else it has ended
          }
      assert.ok(seen > 10)
      assert.ok(!site.log().includes(frontSecret))
      assert.match(site.log(), /did not show the front secret/)
    })
  })
})

describe('the same attacks with one defence off', () => {
  async function openWithout(proxy: Readonly<Record<string, unknown>>) {
    const port = await freePort()
    const site = await openHeaderSite({ instance: 'h0', url: `http://127.0.0.1:${port}${base}`, port, proxy })
    return { site, port }
  }

  it('succeed: without a secret any account is anybody; with a network too wide, any node', async () => {
    const { site, port } = await openWithout({
      trustedFronts: ['127.0.0.0/27'],
      frontSecretFile: undefined,
      trustAddressAlone: true,
    })
    await using _ = site
    for (const from of ['127.0.0.1', '127.0.0.11']) {
      const answer = await raw('bob', ['127.0.0.1', port], forged, { from })
      assert.deepEqual([answer.status, signsIn(answer)], [200, true], from)
      assert.match(answer.text, /alice/)
    }
    const outside = await raw('bob', ['127.0.0.1', port], forged, { from: '127.0.0.32' })
    assert.equal(signsIn(outside), false, 'just outside the network')
  })

  it('and the command does not start so by oversight', async () => {
    const { site, port } = await openWithout({})
    await using _ = site
    for (const [proxy, words] of [
      [{ trustedFronts: [] }, /proxy\.trustedFronts: header sign-in believes what a front server says/],
      [{ trustedFronts: ['127.0.0.1'] }, /proxy\.frontSecretFile: anybody who can connect from 127\.0\.0\.1/],
      [{ trustedFronts: ['unix'] }, /listen: header sign-in is believed on unix sockets alone/],
    ] as const) {
      const config = { ...parse(readFileSync(site.configFile, 'utf8')), listen: [`127.0.0.1:${port}`], proxy }
      const file = join(site.stateDirectory, 'wrong.json')
      const { code, stderr } = await runAs('batchway', ['/bin/sh', '-c', 'cat > "$0"', file], JSON.stringify(config))
      assert.equal(code, 0, stderr)
      assert.throws(() => site.command('proxy', `--config=${file}`), words)
    }
  })
})

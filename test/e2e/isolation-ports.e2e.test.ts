/**
 * Ports on a machine that everybody shares: strangers at an agent's port, and thieves who take a port the moment its owner dies. Each
 * with its counterpart: who knows the key gets through, and the same thief is served where no key is asked for.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { type ControlClient, openControlClient } from '@batchway/proxy'
import type { Browser } from 'playwright-core'
import { programText, runAs, startAs, type Watched } from './support/as-person.ts'
import { openBrowser, signIn } from './support/browser.ts'
import { withEcho } from './support/echo-profile.ts'
import { applicationOf, liveSession } from './support/live-secrets.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const pskCipher = 'ECDHE-PSK-CHACHA20-POLY1305'

/** What a thief was sent, without connections that brought nothing. */
const lootOf = (thief: Watched): string[] =>
  thief
    .output()
    .split('\n')
    .filter(Boolean)
    .map((line): { got?: string } => JSON.parse(line))
    .flatMap(({ got }) => (got === undefined || got === '' ? [] : [got]))

const listenerOf = (port: number): number => {
  const line = execFileSync('ss', ['-ltnpH', `sport = :${port}`], { encoding: 'utf8' })
  return Number(/pid=(\d+)/.exec(line)?.[1])
}

/** Shake hands as the proxy does. @returns the error's code, or what the request brought. */
async function shakeHands(host: string, port: number, identity: string, key: string, request: string): Promise<string> {
  const socket = connect({
    host,
    port,
    ciphers: pskCipher,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity, psk: Buffer.from(key, 'hex') }),
  })
  try {
    await once(socket, 'secureConnect')
    socket.write(request)
    const [answer] = await once(socket, 'data')
    return String(answer)
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}

for (const base of ['/', '/jupyter/']) {
  describe(`ports under ${base}`, () => {
    let site: Site
    let alice: Visitor
    let control: ControlClient
    let browser: Browser
    const prefix = `${base}user/alice/`

    before(async () => {
      site = await openSite({ base, instance: 'i3', change: withEcho })
      control = openControlClient({
        address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
        token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
      })
      alice = await visitorOf(site, 'alice')
      browser = await openBrowser()
    })
    after(async () => {
      control?.close()
      await browser?.close()
      await site?.[Symbol.asyncDispose]()
    })
    afterEach(() => stopServer(alice))

    const agentPlace = async (): Promise<{ target: string; host: string; port: number }> => {
      const target = (await control.listRoutes()).get(prefix.slice(0, -1))?.target ?? ''
      const { hostname, port } = new URL(target)
      return { target, host: hostname, port: Number(port) }
    }

    /** The counterpart of every theft: where a route without a key leads to the port, the same thief is sent everything. */
    async function robWithoutKey(thief: Watched, port: number): Promise<void> {
      const unguarded = `${prefix}unguarded`
      await control.addRoute(unguarded, { target: `http://127.0.0.1:${port}` })
      const answer = await alice.ask(`${unguarded}/secret-page`)
      await control.removeRoute(unguarded)
      assert.equal(answer.body, 'stolen')
      const loot = await until('the thief was sent something', () =>
        lootOf(thief).find((got) => /secret-page/.test(got)),
      )
      assert.match(loot, /cookie:.*jupyterhub-session-id=/i)
    }

    // Open OnDemand #1306: whoever is signed in reaches any port of any node.
    it("answers strangers at an agent's port with nothing", async () => {
      await startServer(alice, 'slurm-echo')
      await alice.open(prefix)
      const { host, port } = await agentPlace()
      const { psk } = liveSession(site, 'alice')

      for (const url of [`http://${host}:${port}${prefix}`, `https://${host}:${port}${prefix}`]) {
        const { code, stdout } = await runAs('bob', ['curl', '-sSk', '--max-time', '20', url])
        assert.notEqual(code, 0, url)
        assert.equal(stdout, '', url)
      }
      const plain = await runAs('bob', ['openssl', 's_client', '-connect', `${host}:${port}`])
      assert.notEqual(plain.code, 0)
      assert.match(plain.stdout, /no peer certificate available/)
      assert.doesNotMatch(plain.stdout + plain.stderr, /alice|batchway|PSK identity: [^N]/i)

      const { stdout } = await runAs('bob', [
        '/usr/bin/python3',
        '-I',
        '-c',
        programText('knock.py'),
        host,
        String(port),
      ])
      const knocks = stdout
        .split('\n')
        .filter(Boolean)
        .map((line): { got: string } => JSON.parse(line))
      assert.equal(knocks.length, 5)
      // At most one TLS alert: 21, version, length 2, "fatal", its number.
      for (const { got } of knocks) assert.match(got, /^(1503..000202..)?$/)

      const request = `GET ${prefix} HTTP/1.1\r\nHost: x\r\n\r\n`
      const wrongKey = await shakeHands(host, port, psk.identity, '00'.repeat(32), request)
      const wrongName = await shakeHands(host, port, 'somebody', psk.key, request)
      assert.match(wrongKey, /^(ERR_SSL|ECONNRESET)/)
      assert.equal(wrongName, wrongKey, 'a stranger does not learn which identities exist')
      assert.match(await shakeHands(host, port, psk.identity, psk.key, request), /^HTTP\/1\.1 /)
    })

    it("sends nothing to the thief of an application's port while its agent lives", async () => {
      await startServer(alice, 'slurm-echo')
      assert.equal(JSON.parse((await alice.open(prefix)).body).echo, true)
      const { port, pid } = applicationOf(liveSession(site, 'alice'))
      await using thief = startAs('bob', 'port-thief.py', '127.0.0.1', String(port))
      await thief.said('waiting')
      process.kill(pid, 'SIGKILL') // the serving half; the agent's own child goes on
      await thief.said('took')

      for (const path of [prefix, `${prefix}api/contents`, `${prefix}?page=1`]) {
        const { status, body } = await alice.ask(path, { headers: { 'x-private': 'letter' } })
        assert.ok(status >= 400, `${path}: ${status}`)
        assert.doesNotMatch(body, /stolen/)
        assert.notEqual((await alice.upgrade(path)).status, 101)
      }
      const posted = await alice.ask(prefix, { method: 'POST', body: 'private letter' })
      assert.ok(posted.status >= 400)
      assert.deepEqual(lootOf(thief), [])
      // It was the agent that refused: the route is there, and the thief was knocked at.
      assert.ok((await control.listRoutes()).has(prefix.slice(0, -1)))
      assert.match(thief.output(), /"got": ""/)

      await robWithoutKey(thief, port)
    })

    it("sends nothing of alice's browser to the thief of a dead Jupyter's port", async () => {
      await startServer(alice, 'slurm-classic')
      const context = await signIn(browser, site, 'alice')
      const page = await context.newPage()
      await page.goto(`${site.url}user/alice/tree`)
      await page.locator('#notebook_list').waitFor()
      const { port, pid } = applicationOf(liveSession(site, 'alice'))
      await using thief = startAs('bob', 'port-thief.py', '127.0.0.1', String(port))
      await thief.said('waiting')
      process.kill(pid, 'SIGKILL')
      await thief.said('took')

      await until('her browser is told that it is over', async () => {
        const answer = await page.goto(`${site.url}user/alice/tree`)
        assert.doesNotMatch(await page.content(), /stolen/)
        return answer?.status() === 424
      })
      assert.deepEqual(lootOf(thief), [])
      await context.close()

      await robWithoutKey(thief, port)
    })

    it("sends nothing to the thief of a killed agent's port but the opening of a handshake", async () => {
      await startServer(alice, 'slurm-echo')
      await alice.open(prefix)
      const { target, port } = await agentPlace()
      const { psk } = liveSession(site, 'alice')
      await using thief = startAs('bob', 'port-thief.py', '0.0.0.0', String(port))
      await thief.said('waiting')
      process.kill(listenerOf(port), 'SIGKILL')
      await thief.said('took')

      // The hub takes its route away as soon as it sees the job end; this one is the same and stays.
      const stale = `${prefix}stale`
      await control.addRoute(stale, { target, psk })
      for (const path of [prefix, `${stale}/page`]) {
        const { status, body } = await alice.ask(path, { headers: { 'x-private': 'letter' } })
        assert.ok(status >= 300, `${path}: ${status}`)
        assert.doesNotMatch(body, /stolen/)
        assert.notEqual((await alice.upgrade(path)).status, 101)
      }
      await control.removeRoute(stale)
      const loot = lootOf(thief)
      assert.ok(loot.length > 0, 'the proxy did come to the port')
      for (const got of loot) {
        assert.match(got, /^\x16\x03/)
        for (const told of ['alice', 'letter', 'jupyterhub', 'GET', psk.identity]) assert.ok(!got.includes(told), told)
      }

      await robWithoutKey(thief, port)
    })
  })
}

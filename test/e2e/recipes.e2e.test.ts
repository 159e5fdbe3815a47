/**
 * Recipes of a neighbour: bob has an account, a session of his own and a shell on alice's node, and writes his requests by hand. Each has
 * its counterpart, where the same attack gets through because that one defence is not in its way. The other recipes, and where they are
 * tested: docs/reference/attack-recipes.md.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { type ControlClient, openControlClient } from '@batchway/proxy'
import { parse } from 'yaml'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { deriveCredentials } from '../../packages/batchway/src/sessions/credentials.ts'
import { programText, runAs } from './support/as-person.ts'
import { applicationOf, liveSession } from './support/live-secrets.ts'
import { isLive, slurmJobsLike } from './support/machine-check.ts'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { attemptsOf } from './support/traces.ts'
import { until } from './support/until.ts'
import { serverResource, startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const instance = 'q2'
const hers = `${base}user/alice/`
const close = 'Connection: close\r\n\r\n'

type Place = readonly [host: string, port: number] | string

/** Bytes of a person's own making, each over a connection of its own. @returns what came back. */
async function sendAll(user: string, to: Place, texts: readonly string[]): Promise<string[]> {
  const argv = ['/usr/bin/python3', '-I', '-c', programText('raw.py')]
  const { stdout, stderr, code } = await runAs(user, argv, JSON.stringify({ to, texts }))
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}
const send = async (user: string, to: Place, text: string): Promise<string> =>
  (await sendAll(user, to, [text])).join('')
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

describe('a neighbour', () => {
  let site: Site
  let alice: Visitor
  let bob: Visitor
  let control: ControlClient
  let front: Place
  let inside: string

  before(async () => {
    site = await openSite({ base, instance, change: withPages })
    front = ['127.0.0.1', Number(new URL(site.url).port)]
    const config: { hub: { internal: string[] } } = parse(readFileSync(site.configFile, 'utf8'))
    inside = `http://${config.hub.internal[0]}`
    control = openControlClient({
      address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
      token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
    })
    alice = await visitorOf(site, 'alice')
    bob = await visitorOf(site, 'bob')
    await Promise.all([
      startServer(alice, 'slurm-pages'),
      startServer(alice, 'slurm-classic', { server: 'book' }),
      startServer(bob, 'slurm-pages'),
    ])
    assert.equal((await alice.open(hers)).status, 200)
  })
  after(async () => {
    control?.close()
    await site?.[Symbol.asyncDispose]()
  })

  /** What an application was asked so far; asked as its owner's neighbour would, past the gateway. */
  async function seenBy(user: string): Promise<string[]> {
    const { port } = applicationOf(liveSession(site, user))
    return JSON.parse((await runAs('bob', ['curl', '-sS', `http://127.0.0.1:${port}/seen`])).stdout)
  }
  const cookieLine = (visitor: Visitor): string =>
    visitor
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  const rows = (sql: string, ...values: string[]) => {
    using database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { readOnly: true, timeout: 20_000 })
    return database.prepare(sql).all(...values)
  }

  it('at the loopback port of her Jupyter is asked for its token; an application that asks for nothing serves him', async () => {
    const session = liveSession(site, 'alice', 'book')
    const { port } = applicationOf(session)
    const ask = (...more: string[]) =>
      runAs('bob', ['curl', '-sS', ...more, `http://127.0.0.1:${port}${hers}book/api/contents`])
    const his = liveSession(site, 'bob')
    for (const shown of [[], ['-H', `Authorization: token ${his.apiToken}`], ['-b', cookieLine(bob)]])
      assert.match((await ask(...shown)).stdout, /"message": "Forbidden"/, shown[0])
    assert.match((await ask('-H', `Authorization: token ${session.apiToken}`)).stdout, /"content"/)

    // Counterpart, and the border of what is promised: on a shared node only the application itself can tell neighbours apart.
    assert.ok((await seenBy('alice')).length > 0)
  })

  // CVE-2024-28179 (jupyter-server-proxy): WebSockets were passed on before anybody asked who it was.
  it('who asks for a WebSocket first, and sends his first frame with it, reaches nothing of hers', async () => {
    const frame = 'bobs-frame'
    const upgrade = (path: string, cookies: string) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${cookies}\r\n\r\n${frame}`
    const book = liveSession(site, 'alice', 'book')
    const made = await alice.ask(`${hers}book/api/kernels`, {
      method: 'POST',
      cookies: '',
      headers: { authorization: `token ${book.apiToken}`, 'content-type': 'application/json' },
      body: '{}',
    })
    const channels = `${hers}book/api/kernels/${JSON.parse(made.body).id}/channels`
    const asked = ['a=b', cookieLine(bob)].flatMap((cookies) =>
      [`${hers}first`, channels].map((path) => upgrade(path, cookies)),
    )
    assert.deepEqual((await sendAll('bob', front, asked)).map(statusOf), [403, 403, 403, 403])
    assert.deepEqual(
      (await seenBy('alice')).filter((line) => /first|bobs/.test(line)),
      [],
    )

    // Counterpart: a route that leads past the agent's check.
    const { port } = applicationOf(liveSession(site, 'alice'))
    await control.addRoute(`${base}past`, { target: `http://127.0.0.1:${port}` })
    assert.equal(statusOf(await send('bob', front, upgrade(`${base}past/first`, 'a=b'))), 101)
    await control.removeRoute(`${base}past`)
    assert.deepEqual((await seenBy('alice')).slice(-2), [`GET ${base}past/first`, `FRAME ${frame}`])
  })

  it('gets through no path that can be read in two ways; behind the proxy the same path is hers', async () => {
    const { apiToken } = liveSession(site, 'alice')
    const cookies = cookieLine(bob)
    const own = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${cookies}\r\n${close}`
    const twofold = [
      ...[
        '../alice/x',
        '%2e%2e/alice/x',
        '..%2falice/x',
        '..%2Falice%2fx',
        '..\\alice\\x',
        '..%5calice%5cx',
        './../alice/x',
        '.%2e/alice/x',
        'x/..;/../../alice/x',
        '../../hub/api/users/alice',
        '%2e%2e%2f%2e%2e%2fhub/home',
      ].map((path) => `${base}user/bob/${path}`),
      ...[`/${hers}x`, `${base}user//alice/x`, `${base}user%2falice/x`, `http://y${hers}x`, `${hers}%zz`],
      `${base}user/alice%00/x`,
    ]
    const statuses = (await sendAll('bob', front, twofold.map(own))).map(statusOf)
    assert.deepEqual(
      Object.fromEntries(twofold.map((path, n) => [path, statuses[n]])),
      Object.fromEntries(twofold.map((path) => [path, 400])),
    )
    // Read in one way only, and by everybody as somebody else's: another name, or one that was encoded twice.
    const others = [
      ...['ALICE', '%2561lice', 'alice;', 'alice.'].map((name) => `${base}user/${name}/x`),
      // The whole address, of the very host that was asked.
      `http://x${hers}x`,
    ]
    for (const answer of await sendAll('bob', front, others.map(own)))
      assert.ok([302, 303, 403, 404].includes(statusOf(answer)), answer)
    assert.deepEqual(
      (await seenBy('alice')).filter((line) => /\/x$/.test(line)),
      [],
    )

    // Counterpart: the hub itself takes such a path for hers.
    const asked = `GET ${base}hub/api/users/bob/../alice HTTP/1.1\r\nHost: x\r\nAuthorization: token ${apiToken}\r\n${close}`
    assert.equal(statusOf(await send('bob', front, asked)), 400)
    const past = await send('batchway', join(site.stateDirectory, 'hub.sock'), asked)
    assert.match(past, /"name":"alice"/)
  })

  it('smuggles no second request behind his first; an application that is asked directly takes it', async () => {
    const hidden = `GET ${base}smuggled HTTP/1.1\r\nHost: x\r\n${close}`
    const body = `0\r\n\r\n${hidden}`
    const shapes = {
      'two framings': `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
      'a framing in disguise': `Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n`,
      'two lengths': `Content-Length: ${body.length}\r\nContent-Length: 5\r\n`,
    }
    const { port } = applicationOf(liveSession(site, 'bob'))
    const cookies = cookieLine(bob)
    const texts = Object.values(shapes).map(
      (framing) => `POST ${base}user/bob/outer HTTP/1.1\r\nHost: x\r\nCookie: ${cookies}\r\n${framing}\r\n${body}`,
    )
    for (const answer of await sendAll('bob', front, texts)) {
      assert.ok([400, 501].includes(statusOf(answer)), answer)
      assert.equal((answer.match(/HTTP\/1\.1/g) ?? []).length, 1, answer)
    }
    assert.deepEqual(
      (await seenBy('bob')).filter((line) => /outer|smuggled/.test(line)),
      [],
    )
    const direct = `POST /outer HTTP/1.1\r\nHost: x\r\n${shapes['two framings']}\r\n${body}`
    await send('bob', ['127.0.0.1', port], direct)
    assert.deepEqual((await seenBy('bob')).slice(-2), ['POST /outer', `GET ${base}smuggled`])
  })

  // CVE-2026-54338, GHSA-p43p-whwx-q52h (JupyterHub): names of any length were written to the log, of people who had not signed in.
  it('fills no log with huge names and headers, before anybody has signed in', async () => {
    const huge = 'x'.repeat(6_000)
    const form = new URLSearchParams({ username: huge, password: huge, login: huge, _xsrf: huge }).toString()
    const get = (path: string, more = '') => `GET ${base}${path} HTTP/1.1\r\nHost: x\r\n${more}${close}`
    const texts = [
      get(`hub/api/users/${huge}`),
      get(`hub/api/users/${huge}/server`, `Authorization: token ${huge}\r\n`),
      get(`user/${huge}/${huge}`),
      get(`hub/user/${huge}/`, 'Accept: text/html\r\n'),
      get(`hub/login?next=/${huge}&username=${huge}`),
      get(`hub/login/link?key=${huge}`),
      get('hub/home', `Cookie: jupyterhub-hub-login=${huge}; _xsrf=${huge}\r\n`),
      get('hub/home', `Remote_User: ${huge}\r\nX-Batchway-User: ${huge}\r\nUser-Agent: ${huge}\r\n`),
      get('hub/home', `${'X-A: '.padEnd(200, 'x')}\r\n`.repeat(400)),
      ...['hub/login', 'hub/login/link', 'hub/api/oauth2/token'].map(
        (path) =>
          `POST ${base}${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n${close}${form}`,
      ),
    ]
    const before = site.log().length
    for (const answer of await sendAll('bob', front, texts)) {
      const status = statusOf(answer)
      assert.ok(status >= 200 && status < 500, answer.slice(0, 200))
      // A link back to the address that was asked for is all that is repeated, and never a part of it as text.
      assert.doesNotMatch(answer.replaceAll(/(?:location: |href="|action="|value=")[^"\r]*/gi, ''), /x{300}/)
    }
    const written = site.log().slice(before)
    assert.doesNotMatch(written, /x{100}/)
    for (const line of written.split('\n')) assert.ok(line.length < 4_096, line.slice(0, 200))
    const audit = site.command('audit', `--config=${site.configFile}`)
    assert.doesNotMatch(audit, /x{300}/)
    assert.match(audit, /alice/, 'it does tell what happened')

    // Counterpart: an application that writes down what it is asked.
    await bob.open(`${base}user/bob/`)
    await bob.ask(`${base}user/bob/${'x'.repeat(500)}`)
    assert.ok((await seenBy('bob')).some((line) => /x{500}/.test(line)))
  })

  it('leads nobody to another host by the name he asks under; an application that believes it does', async () => {
    const asked = (path: string, host: string, more = '') =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\nAccept: text/html\r\nCookie: ${cookieLine(bob)}\r\n${more}${close}`
    const hosts = ['evil.example', 'xn--80ak6aa92e.example', '127.0.0.1.evil.example:80']
    const pages = ['', 'hub/', 'hub/home', 'hub/login', 'hub/nothing', 'user/bob/', 'user/carol/', 'hub/login?next=/x']
    const texts = hosts.flatMap((host) => pages.map((page) => asked(`${base}${page}`, host)))
    for (const [n, answer] of (await sendAll('bob', front, texts)).entries())
      assert.doesNotMatch(answer, /evil\.example|xn--/, texts[n])
    // What is no host name: raw letters beyond ASCII in two encodings, a look-alike of the at sign, somebody before it.
    const none = [
      'b\u00fccher.example',
      'b\u00c3\u00bccher.example',
      '127.0.0.1\u00ef\u00bc\u00a0evil',
      'a@evil.example',
      'a b',
    ]
    const refused = await sendAll(
      'bob',
      front,
      none.map((host) => asked(base, host)),
    )
    assert.deepEqual(
      refused.map(statusOf),
      none.map(() => 400),
    )

    await bob.open(`${base}user/bob/`)
    const led = await send('bob', front, asked(`${base}user/bob/led`, 'evil.example'))
    assert.match(led, /^Location: http:\/\/evil\.example\/there/im)
  })

  // CVE-2022-21697 (jupyter-server-proxy), CVE-2025-47269 (code-server, `/proxy/PORT@host`): a target of the visitor's choice.
  it('leads the gateway to no other program by what his agent reports', async () => {
    const his = liveSession(site, 'bob')
    const path = `${base}user/bob`
    const target = async () => (await control.listRoutes()).get(path)?.target
    const honest = await target()
    const herPort = Number(new URL((await control.listRoutes()).get(hers.slice(0, -1))?.target ?? '').port)
    const insidePort = Number(new URL(inside).port)
    const report = async (change: object) => {
      const usage = { cpuSeconds: 1, memoryBytes: 1, memoryPeakBytes: 1 }
      const beat = { type: 'heartbeat', state: 'ready', host: 'n1', usage, lastActivityAt: null, connections: 0 }
      const answer = await fetch(`${inside}${base}hub/api/agent/report`, {
        method: 'POST',
        headers: { authorization: `Bearer ${his.claimToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...beat, ...change }),
      })
      return answer.status
    }
    for (const change of [
      { port: '8080@evil.example' },
      { host: 'n1@evil.example', port: herPort },
      { host: 'n1:80@evil.example/', port: herPort },
      { port: 65_536 },
      { port: 0 },
      { port: '80' },
    ])
      assert.equal(await report(change), 400, JSON.stringify(change))
    // Well-formed lies: another host, the hub's own inner door, her agent. What does not prove his key gets no route.
    for (const change of [
      { host: 'evil.example', port: herPort },
      { host: '127.0.0.1', port: insidePort },
      { host: 'n2', port: herPort },
    ]) {
      assert.equal(await report(change), 200, JSON.stringify(change))
      const answer = await bob.ask(`${path}/led`)
      assert.doesNotMatch(answer.body, /404 Not Found/)
      assert.ok([undefined, honest].includes(await target()), `${await target()}`)
    }
    await until('his own agent is believed again', async () => (await target()) === honest, 60_000)

    // Counterpart: without a key to prove, the proxy goes where it is sent.
    await control.addRoute(`${base}led`, { target: `http://127.0.0.1:${insidePort}` })
    const led = await bob.ask(`${base}led`)
    await control.removeRoute(`${base}led`)
    assert.match(led.body, /404 Not Found/)
  })

  describe('with a stolen ticket', () => {
    const { uid = 0 } = findAccount('bob') ?? {}
    let secretOf: (session: string) => string
    before(() => {
      const key = Buffer.from(readFileSync(join(site.stateDirectory, 'hub.key'), 'utf8').trim(), 'hex')
      secretOf = (session) => deriveCredentials(key).attemptSecret(session, 1)
    })

    async function claim(secret: string, facts: { session: string; jobId: string; node: string; nonce?: string }) {
      const body = {
        protocol: 1,
        attempt: 1,
        nonce: randomBytes(16).toString('hex'),
        restart: 0,
        uid,
        agentVersion: '0',
      }
      const argv = ['curl', '-sS', '-w', ' %{http_code}', '-H', '@-', '-d', JSON.stringify({ ...body, ...facts })]
      const { stdout } = await runAs(
        'bob',
        [...argv, `${inside}${base}hub/api/agent/claim`],
        `Authorization: Bearer ${secret}\nContent-Type: application/json\n`,
      )
      const [, text = '', status] = /^(.*) (\d{3})$/s.exec(stdout) ?? []
      return { status: Number(status), text }
    }

    it('has no second claim beside hers, nor the answer of the first again', async () => {
      const session = liveSession(site, 'alice')
      const [row] = rows('SELECT node, job_id FROM claim WHERE session_id = ? AND revoked_at IS NULL', session.id)
      const facts = { session: session.id, jobId: session.jobId, node: String(row?.node) }
      assert.equal(row?.job_id, session.jobId)
      assert.equal((await claim(session.attemptSecret, facts)).status, 409)
      const his = liveSession(site, 'bob')
      for (const secret of [his.attemptSecret, his.claimToken, session.claimToken, session.apiToken, 'x'])
        assert.equal((await claim(secret, facts)).status, 403)
      assert.equal((await claim(session.attemptSecret, { ...facts, jobId: his.jobId })).status, 409)
      assert.equal(liveSession(site, 'alice').claimToken, session.claimToken, 'her claim lives')
      assert.equal((await alice.open(hers)).status, 200)
    })

    it('wins only with the job that the scheduler shows as hers, while nobody has claimed it, and nothing afterwards', async () => {
      const path = serverResource('alice', 'blind')
      const body = JSON.stringify({ user_options: { profile: 'blind-pages' } })
      assert.equal((await alice.api(path, { method: 'POST', body })).status, 202)
      const attempt = await until(
        'her job runs, and has not found the hub',
        () => {
          const [row] = rows("SELECT id FROM session WHERE server_name = 'blind'")
          const [found] = row ? attemptsOf(site, String(row.id)) : []
          const job = found && slurmJobsLike(found.tag).find((each) => each.state === 'RUNNING')
          return row && job && found ? { session: String(row.id), jobId: job.id, tag: found.tag } : null
        },
        90_000,
      )
      const secret = secretOf(attempt.session)
      const shown = await runAs('bob', ['squeue', '--noheader', '--format=%N', `--jobs=${attempt.jobId}`])
      const facts = { session: attempt.session, jobId: attempt.jobId, node: shown.stdout.trim() }

      // A job of his own under her tag: the scheduler says whose it is.
      const own = await runAs('bob', [
        'sbatch',
        '--parsable',
        `--job-name=${attempt.tag}`,
        '--partition=batch',
        '--mem=50M',
        '--time=5',
        '--output=/dev/null',
        '--wrap=sleep 600',
      ])
      const jobId = own.stdout.trim()
      assert.match(jobId, /^\d+$/, own.stderr)
      try {
        await until(
          'his job runs',
          () => slurmJobsLike(attempt.tag).some((job) => job.id === jobId && job.state === 'RUNNING'),
          90_000,
        )
        const theirs = await runAs('bob', ['squeue', '--noheader', '--format=%N', `--jobs=${jobId}`])
        const refused = await claim(secret, { ...facts, jobId, node: theirs.stdout.trim() })
        assert.ok([403, 409].includes(refused.status), refused.text)
        assert.equal((await claim(secret, { ...facts, node: 'n4' })).status, 403)
        assert.equal((await claim(secretOf('zzzzzzzzz'), facts)).status, 403)

        // Counterpart: nothing of that is in the way of who knows it all, first. (Root gave him the ticket here.)
        const won = await claim(secret, facts)
        assert.equal(won.status, 200, won.text)
        assert.match(won.text, /"claimToken"/)
        assert.equal((await claim(secret, facts)).status, 409, 'once')

        await stopServer(alice, 'blind')
        assert.equal((await claim(secret, facts)).status, 409, 'not after the end')
        assert.ok(
          slurmJobsLike(attempt.tag).some((job) => job.id === jobId && isLive(job)),
          'his job is not touched for hers',
        )
      } finally {
        await runAs('bob', ['scancel', jobId])
      }
    })
  })

  it('finds her sessions by no guess: a right one is answered as a wrong one is', async () => {
    const { id } = liveSession(site, 'alice')
    const guesses = [
      id,
      id.slice(0, -1),
      `${id}x`,
      id.toUpperCase(),
      'zzzzzzzzz',
      '1',
      '0',
      '%2e',
      "' or 1=1 --",
      '*',
    ].map(encodeURIComponent)
    const answers = await Promise.all(guesses.map((guess) => bob.ask(`${base}hub/sessions/${guess}`)))
    const plain = (n: number) =>
      (answers[n]?.body ?? '')
        .replaceAll(guesses[n] ?? '', 'ID')
        .replace(/datetime="[^"]*"|\d\d:\d\d UTC|<code>[0-9a-f]{16}<\/code>/g, 'then')
    for (const [n, answer] of answers.entries()) {
      assert.ok([400, 404].includes(answer.status), `${guesses[n]}: ${answer.status}`)
      assert.doesNotMatch(answer.body, /Pages|alice/)
    }
    assert.equal(plain(0), plain(4), 'hers is not told from none')
    assert.equal((await alice.ask(`${base}hub/sessions/${id}`)).status, 200)
  })
})

/**
 * What is removed counts within seconds, with unmodified applications of two generations and behind the agent's own check: open WebSockets
 * and event streams end, and the old browser does not come back although the application still remembers it. Each refusal has its
 * counterpart: over a proxy that was told nothing the same request succeeds at the same moment.
 */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { after, before, describe, it, type TestContext } from 'node:test'
import { type HeldStream, holdStream } from './support/held-stream.ts'
import { openSite, type Site } from './support/site.ts'
import { openUndefended } from './support/undefended.ts'
import { until } from './support/until.ts'
import { openVisitor, startServer, stopServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const limitMs = 60_000

const applications = [
  { server: 'old', profile: 'local-classic', page: 'tree', isGated: false },
  { server: 'new', profile: 'local-lab', page: 'lab', isGated: false },
  { server: 'plain', profile: 'local-plain-lab', page: 'lab', isGated: true },
] as const

describe('revocation', () => {
  let site: Site
  before(async () => {
    site = await openSite({ base, instance: 'v1' })
  })
  after(() => site?.[Symbol.asyncDispose]())

  const origin = () => new URL(site.url).origin
  const cookieLine = (visitor: Visitor, path: string): string =>
    visitor
      .cookies()
      .filter((cookie) => path.startsWith(cookie.path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')

  /** What an operator, another process or a later page would do: a change of the hub's own database. */
  function change(statement: string, ...values: SQLInputValue[]): void {
    using database = new DatabaseSync(join(site.stateDirectory, 'batchway.db'), { timeout: 20_000 })
    assert.ok(Number(database.prepare(statement).run(...values).changes) > 0, statement)
  }

  async function untilClosed(
    t: TestContext,
    what: string,
    since: number,
    streams: readonly HeldStream[],
  ): Promise<void> {
    for (const stream of streams) await until(`${stream.name} is closed`, () => stream.closedAt() !== null, limitMs)
    const last = Math.max(...streams.map((stream) => stream.closedAt() ?? 0))
    t.diagnostic(`${what}: ${streams.length} streams closed after ${((last - since) / 1_000).toFixed(2)} s`)
  }

  async function make(visitor: Visitor, prefix: string, what: 'kernels' | 'terminals', isGated: boolean) {
    const xsrf = isGated ? undefined : visitor.cookie('_xsrf', prefix)
    const { status, body } = await visitor.ask(`${prefix}api/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(xsrf !== undefined && { 'x-xsrftoken': xsrf }) },
      body: '{}',
    })
    assert.ok(status === 200 || status === 201, `${status} ${body}`)
    return JSON.parse(body)
  }

  for (const { server, profile, page, isGated } of applications)
    describe(profile, () => {
      const prefix = `${base}user/alice/${server}/`
      let honest: Visitor
      let channels: string
      let terminal: string
      before(async () => {
        honest = await visitorOf(site, 'alice')
        await startServer(honest, profile, { server })
        assert.equal((await honest.open(prefix + page)).status, 200)
        channels = `${prefix}api/kernels/${(await make(honest, prefix, 'kernels', isGated)).id}/channels`
        terminal = `${prefix}terminals/websocket/${(await make(honest, prefix, 'terminals', isGated)).name}`
      })
      after(async () => {
        // Whoever was removed cannot stop it: the site's end does.
        if ((await honest.api('/user')).status === 200) await stopServer(honest, server)
      })

      const hold = (visitor: Visitor, path: string, name: string, headers = {}): Promise<HeldStream> =>
        holdStream(origin(), visitor, path, { name, isWebSocket: true, headers })

      /** A browser that is signed in and inside the application, with everything open that a person has open. */
      async function browserInside(): Promise<{ visitor: Visitor; streams: HeldStream[] }> {
        const visitor = await visitorOf(site, 'alice')
        assert.equal((await visitor.open(prefix + page)).status, 200)
        const streams = [await hold(visitor, channels, 'the kernel'), await hold(visitor, terminal, 'the terminal')]
        return { visitor, streams }
      }
      const eventsOf = (visitor: Visitor): Promise<HeldStream> => {
        const xsrf = visitor.cookie('_xsrf', `${base}hub/`) ?? ''
        const path = `${base}hub/api/sessions/events?_xsrf=${encodeURIComponent(xsrf)}`
        return holdStream(origin(), visitor, path, { name: 'the hub’s events', isWebSocket: false })
      }

      /** The old cookies, and with `headers` whatever else was shown, open nothing; over the other proxy they do. */
      async function isOut(cookies: string, headers: Record<string, string> = {}): Promise<void> {
        await using undefended = await openUndefended(site, 'alice', server)
        const thief = openVisitor(origin(), base, 'thief')
        const control = openVisitor(undefended.origin, base, 'control')
        const asked = { cookies, headers }
        for (const path of [prefix + page, `${prefix}api/kernels`]) {
          assert.equal((await control.ask(path, asked)).status, 200, `counterpart: the application remembers (${path})`)
          const { status } = await thief.ask(path, asked)
          assert.ok(status === 302 || status === 403, `${path}: ${status}`)
        }
        for (const path of [channels, terminal]) {
          assert.equal(
            (await control.upgrade(path, asked)).status,
            101,
            `counterpart: the application remembers (${path})`,
          )
          assert.notEqual((await thief.upgrade(path, asked)).status, 101, path)
        }
      }

      /** Other spellings of the same credential, which the application takes for what it remembers. */
      async function isOutInDisguise(cookies: string): Promise<void> {
        await using undefended = await openUndefended(site, 'alice', server)
        const [, name = '', signed = ''] = /(?:^|; )(jupyterhub-user-[^=]+)="?([^";]*\|[^";]*)"?/.exec(cookies) ?? []
        const encoded = /\|\d+:([A-Za-z0-9+/=]+)\|[0-9a-f]{64}$/.exec(signed)?.[1] ?? ''
        const token = Buffer.from(encoded, 'base64').toString()
        assert.match(token, /^[0-9a-f]{32}$/)
        const octal = [...signed].map((char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`).join('')
        const session = /(?:^|; )(jupyterhub-session-id=[0-9a-f]+)/.exec(cookies)?.[1] ?? ''
        // The newer generation looks for a token outside of headers and cookies only when a WebSocket is asked for.
        const websocket = { 'sec-fetch-mode': 'websocket' }
        const form = { 'content-type': 'application/x-www-form-urlencoded', ...websocket }
        const path = `${prefix}api/kernels`
        const disguises = {
          'a cookie in octal': [path, { cookies: `${session}; ${name}="${octal}"` }],
          'the address': [
            `${path}?token=%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
            { cookies: session, headers: websocket },
          ],
          'a form': [path, { cookies: session, headers: form, body: `token=${token}` }],
        } as const
        const thief = openVisitor(origin(), base, 'thief')
        const control = openVisitor(undefended.origin, base, 'control')
        for (const [words, [where, asked]] of Object.entries(disguises)) {
          // The classic notebook does not read forms of a GET.
          if (words !== 'a form' || server === 'new')
            assert.equal((await control.ask(where, asked)).status, 200, `counterpart: ${words}`)
          assert.equal((await thief.ask(where, asked)).status, 403, words)
        }
      }

      // Open OnDemand 3.1.9: a shell outlived its sign-in. CVE-2021-41247 (JupyterHub).
      it('follows a sign-out: the browser’s copies are out, her other browser comes back', async (t) => {
        const { visitor, streams } = await browserInside()
        streams.push(await eventsOf(visitor))
        const others = [await hold(honest, channels, 'her other kernel')]
        const events = await eventsOf(honest)
        const cookies = cookieLine(visitor, prefix)
        const since = Date.now()
        await visitor.ask(`${base}hub/logout`)
        await untilClosed(t, 'sign-out', since, streams)
        await isOut(cookies)
        if (!isGated) await isOutInDisguise(cookies)
        assert.equal((await honest.ask(`${prefix}api/kernels`)).status, 200)
        others.push(await hold(honest, channels, 'her other kernel again'))
        assert.equal(events.closedAt(), null, 'the hub’s stream of another sign-in stays')
        for (const each of [...others, events]) each.close()
      })

      it('follows the end of a token by its time', async (t) => {
        const { visitor, streams } = await browserInside()
        const cookies = cookieLine(visitor, prefix)
        const signIn = visitor.cookie('jupyterhub-session-id', base) ?? ''
        const since = Date.now()
        change('update token set expires_at = ? where sign_in_id = ?', since, signIn)
        await untilClosed(t, 'end of a token', since, streams)
        await isOut(cookies)
        // Still signed in: the next page gets a new token.
        assert.equal((await visitor.open(prefix + page)).status, 200)
      })

      if (!isGated)
        it('follows the removal of an API token', async (t) => {
          const text = randomBytes(16).toString('hex')
          const hash = createHash('sha256').update(text).digest('hex')
          change(
            `insert into token (text_hash, kind, user_id, scopes, note, created_at)
             select ?, 'api', id, '["inherit"]', '', ? from user where name = 'alice'`,
            hash,
            Date.now(),
          )
          const headers = { authorization: `token ${text}` }
          const program = openVisitor(origin(), base, 'program')
          assert.equal((await program.ask(`${prefix}api/kernels`, { headers })).status, 200)
          const streams = [await hold(program, channels, 'the program’s kernel', headers)]
          const since = Date.now()
          change('delete from token where text_hash = ?', hash)
          await untilClosed(t, 'API token removed', since, streams)
          await isOut('', headers)
        })

      it('follows a sign-out everywhere', async (t) => {
        const { visitor, streams } = await browserInside()
        streams.push(await hold(honest, channels, 'her other kernel'), await eventsOf(honest))
        const cookies = [cookieLine(visitor, prefix), cookieLine(honest, prefix)]
        const since = Date.now()
        change(`delete from sign_in where user_id = (select id from user where name = 'alice')`)
        await untilClosed(t, 'sign-out everywhere', since, streams)
        for (const each of cookies) await isOut(each)
        honest = await visitorOf(site, 'alice')
        assert.equal((await honest.open(prefix + page)).status, 200)
      })

      it('follows the stop of the server', async (t) => {
        const { streams } = await browserInside()
        const since = Date.now()
        await honest.api(`/users/alice/servers/${server}`, { method: 'DELETE' })
        await untilClosed(t, 'stop', since, streams)
        await stopServer(honest, server)
      })
    })

  it('follows the removal of a user', async (t) => {
    const server = 'last'
    const prefix = `${base}user/alice/${server}/`
    const visitor = await visitorOf(site, 'alice')
    await startServer(visitor, 'local-classic', { server })
    assert.equal((await visitor.open(`${prefix}tree`)).status, 200)
    const { id } = await make(visitor, prefix, 'kernels', false)
    const stream = await holdStream(origin(), visitor, `${prefix}api/kernels/${id}/channels`, {
      name: 'the kernel',
      isWebSocket: true,
    })
    const since = Date.now()
    change(`delete from user where name = 'alice'`)
    await untilClosed(t, 'user removed', since, [stream])
    const { status } = await visitor.ask(`${prefix}api/kernels`)
    assert.ok(status === 403 || status === 302, `${status}`)
    assert.equal((await visitor.api('/user')).status, 403)
  })
})

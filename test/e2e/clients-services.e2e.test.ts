/**
 * Programs written on JupyterHub's own Python package, unmodified, of two versions: a web page that signs people in by the hub, behind the
 * real proxy and in a real browser; a script with a token; and jupyterhub-idle-culler's requests, replayed.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { openBrowser, shoot, signIn } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { withPages } from './support/pages-profile.ts'
import { runPython, startService, type Version, versions } from './support/python-client.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, type Visitor, visitorOf } from './support/visitor.ts'

const base = '/jupyter/'
const limitMs = 60_000
const webOf = (version: Version): string => `web${version[0]}`

describe('programs on JupyterHub’s Python package', () => {
  const undo = new AsyncDisposableStack()
  const tokens: Record<string, string> = {}
  const ports: Record<string, number> = {}
  let site: Site
  let browser: Browser
  let apiUrl: string
  let alice: Visitor
  let bob: Visitor
  let carol: Visitor

  before(async () => {
    for (const name of ['web3', 'web5', 'script', 'culler']) tokens[name] = randomBytes(32).toString('hex')
    for (const version of versions) ports[webOf(version)] = await freePort()
    site = undo.use(await openSite({ base, instance: 'u1', change }))
    browser = await openBrowser()
    undo.defer(() => browser.close())
    for (const version of versions) {
      const name = webOf(version)
      const place = { name, port: ports[name] ?? 0, token: tokens[name] ?? '', apiUrl, base }
      undo.use(await startService(version, place, { CACHE_SECONDS: '2' }))
    }
    ;[alice, bob, carol] = await Promise.all([
      visitorOf(site, 'alice'),
      visitorOf(site, 'bob'),
      visitorOf(site, 'carol'),
    ])
  })
  after(() => undo.disposeAsync())

  function change(config: Record<string, unknown>): void {
    withPages(config)
    const { stateDirectory, hub } = config
    assert.ok(typeof stateDirectory === 'string' && typeof hub === 'object' && hub !== null && 'internal' in hub)
    assert.ok(Array.isArray(hub.internal))
    apiUrl = `http://${hub.internal[0]}${base}hub/api`
    const owner = findAccount('batchway')
    assert.ok(owner)
    const fileOf = (name: string): string => {
      const file = join(stateDirectory, `${name}.token`)
      writeFileSync(file, tokens[name] ?? '', { mode: 0o600 })
      chownSync(file, owner.uid, owner.gid)
      return file
    }
    const web = (name: string) => ({ url: `http://127.0.0.1:${ports[name]}`, apiTokenFile: fileOf(name) })
    config.services = {
      web3: web('web3'),
      web5: web('web5'),
      script: { apiTokenFile: fileOf('script') },
      culler: { apiTokenFile: fileOf('culler') },
    }
    config.roles = {
      'opens-services': {
        scopes: ['access:services!service=web3', 'access:services!service=web5'],
        users: ['alice', 'carol'],
      },
      'lists-users': { scopes: ['list:users'], services: ['script'] },
      culls: {
        scopes: ['list:users', 'read:users:activity', 'read:servers', 'delete:servers', 'admin:users', 'read:hub'],
        services: ['culler'],
      },
    }
  }

  /** A page of the service, and what it said. */
  const said = async (page: Page): Promise<Record<string, unknown>> =>
    JSON.parse(await page.locator('body').innerText())
  const tokensOf = async (visitor: Visitor): Promise<readonly { id: string; oauth_client?: string }[]> =>
    JSON.parse((await visitor.api(`/users/${visitor.name}/tokens`)).body).api_tokens

  for (const version of versions)
    describe(`a web page on HubOAuth ${version}`, () => {
      const name = webOf(version)
      const path = `${base}services/${name}/`
      const elsewhere = (): string =>
        new URL(`${base}services/${webOf(version === '3.0' ? '5.2' : '3.0')}/`, site.url).href
      let context: BrowserContext
      let page: Page
      before(async () => {
        context = await signIn(browser, site, 'carol')
        page = await context.newPage()
      })
      after(() => context?.close())
      const address = (rest = ''): string => new URL(path + rest, site.url).href
      const allow = (shown: Page): Promise<void> => shown.getByRole('button', { name: 'Allow', exact: true }).click()
      const isAsked = (shown: Page): Promise<boolean> =>
        shown.getByRole('heading', { name: 'Let an application know you' }).isVisible()

      it('asks on the first visit, then knows the visitor and where they wanted to go', async () => {
        const states: Record<string, string | null> = {}
        page.on('request', (request) => {
          const url = new URL(request.url())
          if (url.pathname === `${base}hub/api/oauth2/authorize`) states.asked = url.searchParams.get('state')
          if (url.pathname === `${path}oauth_callback`) states.told = url.searchParams.get('state')
        })
        await page.goto(address('deep/place?a=1'))
        assert.equal(await isAsked(page), true)
        assert.match(
          await page.locator('main').innerText(),
          new RegExp(`The service ${name} asks to know that you are carol`),
        )
        await shoot(page, `clients-service-${name}-asked`)
        // Nothing is given before the button.
        assert.equal((await tokensOf(carol)).length, 0)
        await allow(page)
        await page.waitForURL(address('deep/place?a=1'))
        const told = await said(page)
        assert.match(String(told.service), new RegExp(`^JupyterHub ${version}\\.`))
        assert.deepEqual([told.name, told.asked], ['carol', `${path}deep/place?a=1`])
        assert.ok(Array.isArray(told.scopes) && told.scopes.includes(`access:services!service=${name}`))
        assert.ok(
          !told.scopes.some((scope) => /^(servers|tokens|access:servers)/.test(String(scope))),
          `${told.scopes}`,
        )

        // The state comes back as it went, in both forms: JSON in base64 before 5.0, an id since.
        assert.equal(states.told, states.asked)
        const text = Buffer.from(states.asked ?? '', 'base64url').toString('latin1')
        assert.equal(/^\{.*"next_url"/.test(text), version === '3.0', text)
      })

      it('is known again without a question, in this browser and in another sign-in of hers', async () => {
        await page.goto(address())
        assert.equal((await said(page)).name, 'carol')
        const second = await signIn(browser, site, 'carol')
        try {
          const there = await second.newPage()
          await there.goto(address('again'))
          const told = await said(there)
          assert.deepEqual([told.name, told.asked], ['carol', `${path}again`])
          assert.equal((await tokensOf(carol)).length, 2)
        } finally {
          await second.close()
        }
      })

      it('shows who may not open it a page that says so, and learns nothing of them', async () => {
        const other = await signIn(browser, site, 'bob')
        try {
          const there = await other.newPage()
          const answer = await there.goto(address())
          assert.equal(answer?.status(), 403)
          assert.equal(new URL(there.url()).pathname, `${base}hub/api/oauth2/authorize`)
          await shoot(there, `clients-service-${name}-refused`)
          assert.deepEqual(await tokensOf(bob), [])
        } finally {
          await other.close()
        }
      })

      it('forgets a visitor whose token is revoked, within the time it believes the hub, and asks anew', async () => {
        const there = await context.newPage()
        await there.goto(elsewhere())
        if (await isAsked(there)) await allow(there)
        await there.waitForURL(elsewhere())
        await page.goto(address())
        assert.equal((await said(page)).name, 'carol')
        const knows = async (place: string): Promise<boolean> => {
          const answer = await context.request.get(place, { maxRedirects: 0 })
          if (answer.status() === 200) return true
          assert.match(answer.headers().location ?? '', /\/oauth2\/authorize\?/)
          return false
        }
        assert.deepEqual([await knows(address()), await knows(elsewhere())], [true, true])

        const [token] = (await tokensOf(carol)).filter(({ oauth_client }) => oauth_client?.includes(name))
        assert.equal((await carol.api(`/users/carol/tokens/${token?.id}`, { method: 'DELETE' })).status, 204)
        await until('it is forgotten', async () => !(await knows(address())), limitMs)
        // The counterpart: what the other service was given stays good.
        assert.equal(await knows(elsewhere()), true)
        await page.goto(address())
        assert.equal(await isAsked(page), true)
        await allow(page)
        await page.waitForURL(address())
        await there.close()
      })

      it('signs out of the hub, and with it out of everything that this sign-in opened', async () => {
        await page.goto(elsewhere())
        assert.equal((await said(page)).name, 'carol')
        await page.goto(address('leave'))
        await page.waitForURL((url) => url.pathname === `${base}hub/login`)
        await shoot(page, `clients-service-${name}-left`)
        for (const place of [address(), elsewhere()]) {
          await page.goto(place)
          assert.equal(new URL(page.url()).pathname, `${base}hub/login`, place)
        }
      })

      it('believes no answer that it did not ask for', async () => {
        const forged = `${path}oauth_callback?${new URLSearchParams({ code: 'c'.repeat(32), state: 'forged' })}`
        assert.equal((await alice.ask(forged)).status, 403)
        assert.equal((await alice.ask(`${path}oauth_callback?error=access_denied`)).status, 400)
      })
    })

  it('a script on HubAuth is told whose a token is and what it may do', async () => {
    const made = await alice.api('/users/alice/tokens', { method: 'POST', body: JSON.stringify({ note: 'script' }) })
    const { token, id } = JSON.parse(made.body)
    const ask = (version: Version, list: readonly string[]) =>
      runPython(version, 'hub-script.py', {
        JUPYTERHUB_API_URL: apiUrl,
        JUPYTERHUB_API_TOKEN: tokens.script ?? '',
        TOKENS: JSON.stringify(list),
      })
    const person = { kind: 'user', name: 'alice', mayOpenServers: true, mayListUsers: false }
    const service = { kind: 'service', name: 'script', mayOpenServers: false, mayListUsers: true }
    for (const version of versions) {
      const told = await ask(version, [token, tokens.script ?? '', 'no-such-token'])
      assert.ok(typeof told === 'object' && told !== null && 'version' in told && 'cookie' in told && 'answers' in told)
      assert.match(String(told.version), new RegExp(`^${version}\\.`))
      assert.deepEqual(told.answers, [person, service, null])
      assert.match(String(told.cookie), /removed in JupyterHub 2\.0/)
    }
    // What clients before 2.0 asked: whose cookie is this? Nobody may.
    const headers = { Authorization: `token ${tokens.script}` }
    for (const old of ['cookie/jupyterhub-hub-login/x', `token/${token}`])
      assert.equal((await fetch(`${apiUrl}/authorizations/${old}`, { headers })).status, 404, old)
    assert.equal((await alice.api(`/users/alice/tokens/${id}`, { method: 'DELETE' })).status, 204)
    for (const version of versions)
      assert.deepEqual(await ask(version, [token]).then((told) => Object(told).answers), [null])
  })

  describe('jupyterhub-idle-culler (a replay of its requests)', () => {
    interface Cull {
      readonly greeting: '/' | '/info'
      readonly timeout: number
      readonly cull_users: boolean
      readonly remove_named_servers: boolean
      readonly page_size: number | null
      readonly accept: boolean
    }
    const usual: Cull = {
      greeting: '/',
      timeout: 3_600,
      cull_users: false,
      remove_named_servers: false,
      page_size: null,
      accept: true,
    }
    type Done = readonly (readonly [method: string, path: string, status: number])[]
    async function cull(version: Version, options: Partial<Cull>): Promise<Done> {
      const done = await runPython(version, 'culler-replay.py', {
        JUPYTERHUB_API_URL: apiUrl,
        JUPYTERHUB_API_TOKEN: tokens.culler ?? '',
        CULL: JSON.stringify({ ...usual, ...options }),
      })
      assert.ok(Array.isArray(done))
      return done.map(([method, url, status]) => {
        assert.ok(String(url).startsWith(apiUrl), `a link that the culler cannot reach: ${url}`)
        return [String(method), String(url).slice(apiUrl.length), Number(status)] as const
      })
    }
    const asCuller = (path: string, method = 'GET', body?: object) =>
      fetch(`${apiUrl}${path}`, {
        method,
        headers: { Authorization: `token ${tokens.culler}`, Accept: 'application/jupyterhub-pagination+json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    const names = async (state: string): Promise<string[]> => {
      const { items } = await (await asCuller(`/users?state=${state}&limit=200`)).json()
      return items.map(({ name }: { name: string }) => name)
    }

    it('leaves alone who is busy, by either greeting and in both forms of lists', async () => {
      await Promise.all([startServer(alice, 'local-pages'), startServer(alice, 'local-pages', { server: 'side' })])
      for (const version of versions)
        for (const [greeting, accept] of [
          ['/', true],
          ['/info', false],
        ] as const)
          assert.deepEqual(await cull(version, { greeting, accept }), [
            ['GET', greeting, 200],
            ['GET', '/users?state=ready', 200],
          ])
      assert.deepEqual(await names('ready'), ['alice'])
    })

    it('stops idle servers, and removes named ones where it is told to', async () => {
      const done = await cull('5.2', { timeout: 0, remove_named_servers: true })
      assert.deepEqual(done.slice(0, 2), [
        ['GET', '/', 200],
        ['GET', '/users?state=ready', 200],
      ])
      assert.deepEqual(done.slice(2).toSorted(), [
        ['DELETE', '/users/alice/server', 202],
        ['DELETE', '/users/alice/servers/side', 202],
      ])
      await until(
        'both have ended',
        async () => (await names('ready')).length === 0 && (await names('active')).length === 0,
        limitMs,
      )
      const home = await alice.open(`${base}hub/home`)
      assert.doesNotMatch(home.body, /\/side\//)
    })

    it('goes through the pages of users by the links it is given, and removes those who are gone', async () => {
      const gone = ['gone-1', 'gone-2', 'gone-3', 'gone-4', 'gone-5']
      assert.equal((await asCuller('/users', 'POST', { usernames: gone })).status, 201)
      const before = await names('inactive')
      // Nobody is idle for an hour: every page is read, and nobody is removed.
      const looked = await cull('3.0', { cull_users: true, page_size: 2 })
      const pages = looked.filter(([, path]) => path.includes('state=inactive'))
      assert.deepEqual(
        pages.map(([, path]) => new URLSearchParams(path.split('?')[1]).get('offset')),
        [null, ...Array.from({ length: Math.ceil(before.length / 2) - 1 }, (_, page) => String(2 * (page + 1)))],
      )
      assert.equal(looked.filter(([method]) => method === 'DELETE').length, 0)

      const done = await cull('5.2', { cull_users: true, timeout: 0 })
      assert.deepEqual(
        done.filter(([method]) => method === 'DELETE').toSorted(),
        before.map((name) => ['DELETE', `/users/${name}`, 204]).toSorted(),
      )
      assert.deepEqual(await names('inactive'), [])
    })

    it('may do nothing without its roles', async () => {
      const env = { JUPYTERHUB_API_URL: apiUrl, JUPYTERHUB_API_TOKEN: tokens.web5 ?? '', CULL: JSON.stringify(usual) }
      await assert.rejects(runPython('5.2', 'culler-replay.py', env), /403/)
    })
  })
})

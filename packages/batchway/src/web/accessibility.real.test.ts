/** Every page through axe-core in a real Chromium: WCAG 2.0 to 2.2 A and AA and best practice, in all looks and widths. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { silentLogger } from '../core/logger.ts'
import type { RedirectLogin } from '../people/login.ts'
import { headerLogin } from '../people/logins/header.ts'
import { renderOAuthPage } from './oauth-confirm.ts'
import { busySite } from './testing/busy-site.ts'
import { factsOf, makeSession, makeToken, makeUser, noon, outcome } from './testing/fake-rooms.ts'
import { type LiveHub, liveHub } from './testing/live-hub.ts'
import { openTheme } from './theme/live-theme.ts'
import { themeParts } from './theme/site-theme.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** Structure differs by width alone; colours by look alone. */
const structure = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
const colours = { runOnly: { type: 'rule', values: ['color-contrast'] } }

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** Scripts for the page are text: these files know no DOM. */
async function violationsOf(page: Page, options: object): Promise<string[]> {
  const found = await page.evaluate<Violation[]>(
    `axe.run(document, ${JSON.stringify({ ...options, resultTypes: ['violations'] })}).then(({ violations }) => violations)`,
  )
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  )
}

/** All folds and menus open: what is behind them counts too. */
const open = `for (const fold of document.querySelectorAll('details:not(.bw-menu)')) fold.open = true`

let chrome: Browser
let hub: LiveHub
let context: BrowserContext
let oauth = ''
const html = { headers: { 'Content-Type': 'text/html; charset=utf-8' } }
before(async () => {
  chrome = await chromium.launch({
    executablePath: process.env.TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const settings = { helpUrl: 'https://help.example/', announcement: 'Maintenance on Monday.' }
  // The API serves the OAuth pages; here another path does.
  hub = await liveHub({ now: () => noon, settings }, ({ url }) =>
    url.endsWith('/user/oauth') ? new Response(oauth, html) : null,
  )
  oauth = await renderOAuthPage(hub.bench.settings, () => noon)('oauth-confirm', {
    user: { name: 'alice', isAdmin: false },
    client: { id: 'jupyterhub-user-bob', description: 'bob', redirectUri: '/user/bob/oauth_callback' },
    owner: 'bob',
    name: 'lab',
    scopes: ['access:servers!server=bob/lab', 'proxy'],
    action: '/hub/api/oauth2/authorize?client_id=x&state=y',
    xsrf: 'token',
    cancel: '/hub/home',
  })
  context = await openContext()
})
async function openContext(): Promise<BrowserContext> {
  const fresh = await chrome.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' })
  fresh.setDefaultTimeout(60_000)
  // Not a script of the page: its policy allows none but its own.
  await fresh.addInitScript({ content: axe })
  return fresh
}
after(async () => {
  await context.close()
  await chrome.close()
  await hub[Symbol.asyncDispose]()
})

/** Sign out by a form, as the menu does. */
async function leave(page: Page): Promise<void> {
  await Promise.all([
    page.waitForURL('**/hub/logout'),
    page.evaluate(`const form = document.createElement('form')
      form.method = 'post'
      form.action = '/hub/logout'
      form.innerHTML = '<input name="_xsrf">'
      form.firstChild.value = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)[1]
      document.body.append(form)
      form.submit()`),
  ])
}

async function check(
  page: Page,
  path: string,
  then: (page: Page) => Promise<void> = async () => {},
  origin = hub.origin,
): Promise<void> {
  const look = async (contrast: 'more' | 'no-preference', colorScheme: 'light' | 'dark') =>
    page.emulateMedia({ contrast, colorScheme })
  await look('no-preference', 'light')
  await page.setViewportSize({ width: 1280, height: 860 })
  await page.goto(origin + path)
  await then(page)
  await page.evaluate(open)
  const found: string[] = []
  const run = async (what: string, options: object) =>
    found.push(...(await violationsOf(page, options)).map((words) => `${what}: ${words}`))
  await run('light 1280', structure)
  await look('no-preference', 'dark')
  await run('dark 1280', colours)
  await page.setViewportSize({ width: 360, height: 740 })
  await run('dark 360', structure)
  await look('more', 'dark')
  await run('more contrast, dark 360', colours)
  await look('more', 'light')
  await run('more contrast, light 360', colours)
  await look('no-preference', 'light')
  await run('light 360', colours)
  assert.deepEqual(found, [], path)
}

describe('axe finds nothing', () => {
  it('on pages for visitors that nobody knows', async () => {
    const page = await context.newPage()
    const secret = await hub.bench.people.createLink('alice', 600)
    for (const path of ['/hub/login', '/hub/login?out=1', `/hub/login/link?key=${secret}`, '/hub/login/link?key=used'])
      await check(page, path)
    await check(page, '/hub/error/503')
    await check(page, '/user/oauth')
    await check(page, '/hub/docs/api')
    await check(page, '/hub/login', async () => {
      await page.fill('[name=username]', '../root')
      await page.click('button')
      await page.waitForSelector('[role=alert]')
    })
    await page.close()
  })

  it('on the sign-in page with several ways to choose from, and after a wrong password', async () => {
    const redirect = {
      kind: 'redirect',
      start: async () => ({ address: 'https://sso.example/', memory: '' }),
      finish: () => Promise.reject(new Error('not in this test')),
      signOutAddress: async () => null,
    } as const
    const logins = [
      { ...redirect, id: 'sso', button: 'Sign in with Northfield University' },
      { ...redirect, id: 'guests', button: 'Sign in as a guest of another university of the federation' },
      { kind: 'form', id: 'pam', button: 'Sign in', hasPassword: true, warning: null, identify: async () => null },
    ] as const
    await using several = await liveHub({ now: () => noon, logins })
    const page = await context.newPage()
    await check(page, '/hub/login', undefined, several.origin)
    await check(
      page,
      '/hub/login',
      async () => {
        await page.fill('[name=username]', 'alice')
        await page.fill('[name=password]', 'wrong')
        await page.click('form button')
        await page.waitForSelector('[role=alert]')
      },
      several.origin,
    )
    await page.close()
  })

  it('on pages of somebody who has signed in', async () => {
    const page = await context.newPage()
    await page.goto(`${hub.origin}/hub/login`)
    await page.fill('[name=username]', 'alice')
    await page.click('button')
    await page.waitForURL('**/hub/home')
    await check(page, '/hub/home')
    await check(page, '/hub/history')
    await check(page, '/hub/nothing')
    await check(page, '/hub/user/alice/lab')
    await check(page, '/hub/spawn')
    await check(page, '/hub/spawn', async () => {
      await page.fill('[name=memory]', '256')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#errors')
    })
    // What would be submitted: `check` unfolds it.
    await check(page, '/hub/spawn', async () => {
      await page.click('button[value=check] >> visible=true')
      await page.waitForSelector('#preview')
    })
    await check(page, '/hub/home', () => page.click('.bw-menu summary'))
    await page.close()
  })

  it('on the page of tokens: empty, full, with mistakes, and with a new token', async () => {
    const page = await context.newPage()
    const owner = hub.bench.users.get('alice')
    assert.ok(owner)
    await check(page, '/hub/token')
    const { tokens } = hub.bench.people
    const many = Array.from({ length: 9 }, (_, n) => `read:servers!server=alice/a-rather-long-name-of-a-server-${n}`)
    tokens.set(1, makeToken(1, owner, { note: 'The nightly report of the catchment project' }))
    tokens.set(2, makeToken(2, owner, { note: 'תוכנית', scopes: many, lastActivityAt: noon, expiresAt: noon + 9e8 }))
    tokens.set(3, makeToken(3, owner, { kind: 'oauth', clientId: 'jupyterhub-user-bob', scopes: many.slice(0, 1) }))
    tokens.set(4, makeToken(4, owner, { kind: 'server', note: 'Server at /user/alice/' }))
    await check(page, '/hub/token?done=token')
    await check(page, '/hub/token', async () => {
      await page.check('#f-some')
      await page.fill('#f-scopes', 'read:everything')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#errors')
    })
    await check(page, '/hub/token', async () => {
      await page.fill('#f-note', 'x'.repeat(200))
      await page.keyboard.press('Enter')
      await page.waitForSelector('#new-token')
    })
    tokens.clear()
    await page.close()
  })

  it('on the page that checks a sign-in, empty, with an answer, with a refusal and with a mistake', async () => {
    await using bench = await liveHub({ now: () => noon })
    bench.bench.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
    const fresh = await openContext()
    const page = await fresh.newPage()
    await page.goto(`${bench.origin}/hub/login`)
    await page.fill('[name=username]', 'bob')
    await page.click('button')
    await page.waitForURL('**/hub/home')
    for (const query of [
      '',
      '?subject=carol%40example.edu&claims=groups%3Dhpc',
      '?subject=..%2Froot',
      '?subject=carol&claims=hpc',
    ])
      await check(page, `/hub/admin/sign-in${query}`, undefined, bench.origin)
    await check(page, '/hub/home', () => page.click('.bw-menu summary'), bench.origin)
    await fresh.close()
  })

  it('on the pages for administrators: who is on, one person, the audit log, and after mistakes', async () => {
    await using bench = await liveHub({ now: () => noon })
    await busySite(bench.bench)
    const fresh = await openContext()
    const page = await fresh.newPage()
    await page.goto(`${bench.origin}/hub/login`)
    await page.fill('[name=username]', 'bob')
    await page.click('button')
    await page.waitForURL('**/hub/home')
    for (const path of [
      '/hub/admin',
      '/hub/admin?q=nobody',
      '/hub/admin?state=everyone&sort=-used',
      '/hub/admin?page=2',
      '/hub/admin/users/alice',
      '/hub/admin/audit',
      '/hub/admin/audit?since=tomorrow',
      '/hub/home',
      '/hub/announcements',
    ])
      await check(page, path, undefined, bench.origin)
    await check(
      page,
      '/hub/admin',
      async () => {
        await page.selectOption('#a-w', 'user')
        await page.fill('#a-t', 'Hello.')
        await page.fill('#a-u', 'nobody-here')
        await page.locator('form[action$="/announcements"] button').click()
        await page.waitForSelector('#errors')
      },
      bench.origin,
    )
    await fresh.close()
  })

  it('on what is shown after signing out, where the site’s own sign-in goes on and where it ends next', async () => {
    for (const logoutUrl of [null, '/sso/logout']) {
      const front = headerLogin({ button: 'Sign in with your site account', data: null, signInUrl: '/sso', logoutUrl })
      await using left = await liveHub({ now: () => noon, front }, null, { goesOn: false })
      const fresh = await openContext()
      const page = await fresh.newPage()
      await check(page, '/hub/login?out=1', undefined, left.origin)
      await check(page, '/hub/login', undefined, left.origin)
      await page.setExtraHTTPHeaders({ 'x-batchway-front': 'yes', 'x-batchway-user': 'alice' })
      await check(page, '/hub/login', leave, left.origin)
      assert.equal(await page.getByText('Your site’s sign-in').count(), 1)
      await fresh.close()
    }
  })

  it('on what is shown on the way to a provider that signs out too', async () => {
    let origin = ''
    const sso: RedirectLogin = {
      kind: 'redirect',
      id: 'sso',
      button: 'Sign in with Northfield University',
      start: async (callback, state) => ({
        address: `${origin}${new URL(callback).pathname}?state=${state}`,
        memory: 'm',
      }),
      finish: async () => ({ subject: 'alice', claims: {}, endsAt: null }),
      signOutAddress: async () => 'https://sign-in.northfield-university.example/logout?back=x',
    }
    await using left = await liveHub({ now: () => noon, logins: [sso] }, null, { goesOn: false })
    origin = left.origin
    const fresh = await openContext()
    const page = await fresh.newPage()
    await page.goto(`${origin}/hub/login/sso/start`)
    await page.waitForURL('**/hub/home')
    await check(page, '/hub/home', leave, origin)
    assert.match(await page.locator('main').innerText(), /sign-in\.northfield-university\.example/)
    await fresh.close()
  })

  it('on pages in the colours, with the logo and the blocks of a site’s theme', async () => {
    const folder = fileURLToPath(new URL('../../../../examples/theme', import.meta.url))
    const theme = openTheme({ folder, parts: themeParts('/', 'UTC'), log: silentLogger })
    await using themed = await liveHub({ now: () => noon, theme })
    const owner = themed.bench.users.get('alice')
    assert.ok(owner)
    themed.bench.sessions.put(makeSession('ready', owner, factsOf.ready))
    const fresh = await openContext()
    const page = await fresh.newPage()
    await check(page, '/hub/login', undefined, themed.origin)
    await page.goto(`${themed.origin}/hub/login`)
    await page.fill('[name=username]', 'alice')
    await page.click('button')
    await page.waitForURL('**/hub/home')
    for (const path of ['/hub/home', '/hub/spawn', '/hub/sessions/ready'])
      await check(page, path, undefined, themed.origin)
    assert.equal(await page.locator('.bw-brand').first().innerText(), 'Northfield Jupyter')
    assert.match(await page.locator('.bw-list ~ p').innerText(), /\/scratch\/alice/)
    await fresh.close()
  })

  it('on pages of sessions in every state', async () => {
    const page = await context.newPage()
    const owner = hub.bench.users.get('alice')
    assert.ok(owner)
    const log = Array.from(
      { length: 200 },
      (_, index) => `[I 11:25:41 ServerApp] line ${index} ${'of the log '.repeat(20)}`,
    )
    const states = {
      ...factsOf,
      held: { ...factsOf.queued, waiting: { ...factsOf.queued.waiting, hold: 'held', reason: 'JobHeldUser' } },
      idle: { ...factsOf.ready, warnings: [{ about: 'idle', limitSeconds: 600, endsAt: noon + 480_000 }] },
      silent: { ...factsOf.ready, reachable: false },
      failed: { state: 'ended', outcome: { ...outcome, log } },
      stopped: { state: 'ended', outcome: { ...outcome, code: 'stopped-by-user', log } },
    } as const
    for (const [id, facts] of Object.entries(states))
      hub.bench.sessions.put(makeSession(id, owner, facts, { serverName: id }))
    hub.bench.sessions.put(makeSession('soon', owner, factsOf.ready, { serverName: 'soon', endsAt: noon + 280_000 }))
    hub.bench.sessions.usage.set('ready', {
      at: noon,
      cpuSeconds: 9_000,
      memoryBytes: 15.9 * 2 ** 30,
      memoryPeakBytes: 16 * 2 ** 30,
      connections: 2,
      lastActivityAt: noon,
      leftSeconds: null,
    })
    hub.bench.sessions.health = { lastAnswerAt: noon - 120_000, failingSince: noon - 60_000, words: 'connect failure' }
    for (const id of hub.bench.sessions.rows.keys()) await check(page, `/hub/sessions/${id}`)
    await hub.bench.servers.ensure(owner, 'kept', 'The catchment project’s own server, נשמר')
    await check(page, '/hub/home')
    await check(page, '/hub/history')
    for (const name of ['ready', 'kept']) await check(page, `/hub/servers/${name}`)
    await check(page, '/hub/servers/kept', async () => {
      await page.fill('#f-title', ' ')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#f-title-e')
    })
    await page.close()
  })

  it('and would find something: text without contrast, a field without a name', async () => {
    const page = await context.newPage()
    await page.goto(`${hub.origin}/hub/nothing`)
    await page.evaluate(`document.querySelector('#page').innerHTML = '<p class="bad">faint</p><input>'
      document.querySelector('.bad').style.color = '#e8e8e8'`)
    const found = (await violationsOf(page, structure)).join('\n')
    assert.match(found, /^color-contrast: /m)
    assert.match(found, /^label: /m)
    await page.close()
  })
})

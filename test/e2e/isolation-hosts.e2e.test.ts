/**
 * Applications against each other and against the hub in a real browser. With hosts of their own, behind nginx with the printed site file:
 * unmodified servers of two generations and the agent's gate work, and the browser keeps them apart. On one host: what the proxy does
 * about it, each attack beside the same one with that defence missing.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openControlClient } from '@batchway/proxy'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch, openBrowser, signIn } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { askFront, makeFrontPlace, openFrontServer } from './support/front-server.ts'
import { liveSession } from './support/live-secrets.ts'
import { runCell } from './support/notebook.ts'
import { openSite, type Site } from './support/site.ts'
import { withStage } from './support/stage-profile.ts'
import { until } from './support/until.ts'

/** Start a profile as a person does, and wait for its page. */
async function open(context: BrowserContext, site: Site, profile: string, place?: string): Promise<Page> {
  const page = await context.newPage()
  await launch(page, site, profile, place)
  try {
    await page.waitForURL((url) => url.pathname.startsWith(`${site.base}user/`), { timeout: 120_000 })
  } catch (cause) {
    throw new Error(`${profile} did not open: ${page.url()}\n${await page.locator('body').innerText()}`, { cause })
  }
  return page
}

/** Whom the hub takes the browser for. */
async function whoIs(context: BrowserContext, site: Site): Promise<string> {
  const page = await context.newPage()
  await page.goto(`${site.url}hub/home`)
  const words = await page.locator('details.bw-menu summary').first().innerText()
  await page.close()
  return words.trim()
}

const cookieOf = async (context: BrowserContext, name: string): Promise<string> => {
  const found = (await context.cookies()).find((cookie) => cookie.name === name)
  assert.ok(found, `${name} is among ${(await context.cookies()).map((cookie) => cookie.name).join(', ')}`)
  return found.value
}

/** Sets a cookie by script. */
const toss = (page: Page, cookie: string): Promise<void> =>
  page.evaluate((text) => {
    // biome-ignore lint/suspicious/noDocumentCookie: this is what an attacker's page does
    document.cookie = text
  }, cookie)

/** Opens a window with the address, and reads what it shows: null when the browser keeps it out of reach. */
const readByWindow = (page: Page, address: string): Promise<string | null> =>
  page.evaluate(async (url) => {
    const opened = window.open(url)
    const giveUpAt = performance.now() + 20_000
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      try {
        if (opened === null || opened.closed) return null
        const { body, readyState } = opened.document
        if (opened.location.href !== 'about:blank' && readyState === 'complete') return body.innerText
      } catch {
        return null
      }
      if (performance.now() > giveUpAt) throw new Error('the window shows nothing')
    }
  }, address)

/** @returns the scope that a service worker got, or the kind of error. */
const register = (page: Page, script: string, scope?: string): Promise<string> =>
  page.evaluate(
    ([url, wanted]) =>
      navigator.serviceWorker.register(url ?? '', wanted === undefined ? {} : { scope: wanted }).then(
        async (registration) => {
          const { pathname } = new URL(registration.scope)
          await registration.unregister()
          return pathname
        },
        (error: Error) => error.name,
      ),
    [script, scope],
  )

/** Status of a request that a page's script makes with the visitor's cookies; the error's name where the browser refuses. */
const fetched = (
  page: Page,
  address: string,
  init: { readonly headers?: Record<string, string>; readonly referrerPolicy?: 'no-referrer' } = {},
): Promise<number | string> =>
  page.evaluate(
    ([url, options]) =>
      fetch(url, { credentials: 'include', ...options }).then(
        (answer) => answer.status,
        (error: Error) => error.name,
      ),
    [address, init] as const,
  )

describe('applications on hosts of their own', () => {
  let stack: AsyncDisposableStack
  let site: Site
  let browser: Browser
  let alice: BrowserContext
  let bob: BrowserContext
  let port = 0
  const at = (label: string) => `https://${label}.jupyter.test:${port}`

  before(async () => {
    await using undo = new AsyncDisposableStack()
    port = await freePort()
    const inner = await openSite({
      instance: 'h5',
      change(config) {
        withStage(config)
        config.url = `https://jupyter.test:${port}/`
        config.applicationHosts = '{user}--{server}.jupyter.test'
        config.proxy = { trustedFronts: ['127.0.0.1'] }
      },
    })
    undo.use(inner)
    site = { ...inner, url: `https://jupyter.test:${port}/` }
    const place = undo.use(makeFrontPlace())
    const text = inner.command(
      ...['front-config', 'nginx', `--config=${inner.configFile}`, `--port=${port}`],
      ...[`--certificate=${place.certificate}`, `--key=${place.key}`],
    )
    undo.use(await openFrontServer('nginx', place, { site: text, secret: '', port }))
    browser = await openBrowser(['jupyter.test', '*.jupyter.test'])
    undo.defer(() => browser.close())
    alice = await signIn(browser, site, 'alice', { ignoreHTTPSErrors: true })
    bob = await signIn(browser, site, 'bob', { ignoreHTTPSErrors: true })
    stack = undo.move()
  })
  after(() => stack?.disposeAsync())

  it('runs a cell in JupyterLab under jupyterhub-singleuser 5.2, and in the classic notebook under 3.0', async () => {
    const [lab, classic] = await Promise.all([
      open(alice, site, 'local-lab'),
      open(bob, site, 'slurm-classic', 'bob/old'),
    ])
    assert.equal(new URL(lab.url()).origin, at('alice'))
    assert.equal(new URL(classic.url()).origin, at('bob--old'))
    const code = 'import getpass; print(getpass.getuser(), 6*7)'
    assert.match(await runCell(lab, 'lab', code), /alice 42/)
    assert.match(await runCell(classic, 'classic', code), /bob 42/)
    // Bound to its host by its name; nothing of the hub's is there.
    const names = (await alice.cookies(`${at('alice')}/user/alice/`)).map(({ name }) => name)
    assert.ok(names.includes('__Host-jupyterhub-user-alice'), names.join(' '))
    assert.ok(!names.some((name) => /hub-login|session-id/.test(name)), names.join(' '))
    for (const cookie of await alice.cookies()) assert.doesNotMatch(cookie.domain, /^\./, cookie.name)
    await Promise.all([lab.close(), classic.close()])
  })

  it('keeps alice out of bob’s host, by click and by script, and bob out of hers', async () => {
    const page = await alice.newPage()
    await page.goto(`${at('bob--old')}/user/bob/old/tree`)
    assert.match(await page.locator('body').innerText(), /Not your server|not yours/)
    assert.equal(new URL(page.url()).origin, new URL(site.url).origin)
    await page.goto(`${at('alice')}/user/alice/lab`)
    assert.equal(await fetched(page, `${at('bob--old')}/user/bob/old/api/status`), 'TypeError')
    // Counterpart, with the token against forgery that Jupyter wants back from its own pages.
    const headers = await page.evaluate(() => ({ 'x-xsrftoken': /_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? '' }))
    assert.equal(await fetched(page, `${at('alice')}/user/alice/api/status`, { headers }), 200)
    assert.equal(await fetched(page, `${at('bob--old')}/user/bob/old/api/status`, { headers }), 'TypeError')
    await page.close()
    const his = await bob.newPage()
    const answer = await his.goto(`${at('alice')}/user/alice/lab`)
    assert.equal(answer?.status(), 403)
    await his.close()
  })

  it('answers nothing of the hub on an application’s host, nothing of an application on the hub’s, and nothing elsewhere', async () => {
    const ask = (host: string, path: string, more: Record<string, string> = {}) =>
      askFront(port, path, { host: `${host}:${port}`, ...more })
    const navigate = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    assert.equal((await ask('jupyter.test', '/hub/health')).status, 200)
    for (const path of ['/hub/health', '/hub/login', '/hub/api/', '/hub/static/app.js'])
      assert.equal((await ask('alice.jupyter.test', path, navigate)).status, 404, path)
    for (const host of ['evil.test', 'x.alice.jupyter.test', `localhost`])
      assert.equal((await ask(host, '/hub/login', navigate)).status, 404, host)
    assert.equal((await ask('alice.jupyter.test', '/user/bob/old/tree')).status, 424)
    const moved = await ask('jupyter.test', '/user/alice/lab', navigate)
    assert.equal(moved.headers.location, '/hub/user/alice/lab')
    // An address of a session that is not there leads people to the hub, and tells programs.
    const gone = await ask('carol.jupyter.test', '/user/carol/lab', navigate)
    assert.equal(gone.headers.location, `${site.url}hub/user/carol/lab`)
    assert.equal((await ask('carol.jupyter.test', '/user/carol/api')).status, 424)
    const page = await alice.newPage()
    await page.goto(`${site.url}user/alice/lab`)
    await page.waitForURL((url) => url.origin === at('alice'))
    await page.close()
  })

  it('lets no application toss the hub’s cookies, touch its pages, or speak for its host', async () => {
    const page = await open(alice, site, 'local-stage', 'alice/stage')
    assert.equal(new URL(page.url()).origin, at('alice--stage'))
    assert.match((await alice.cookies(page.url())).map(({ name }) => name).join(' '), /__Host-batchway-gate-/)
    const secret = await cookieOf(bob, '__Host-jupyterhub-hub-login')
    await toss(page, `jupyterhub-hub-login=${secret}; domain=jupyter.test; path=/hub/; secure`)
    await toss(page, `__Host-jupyterhub-hub-login=${secret}; domain=jupyter.test; path=/; secure`)
    await toss(page, `__Secure-jupyterhub-hub-login=${secret}; domain=jupyter.test; path=/; secure`)
    // The tossed cookie does reach the hub: it is the name that it is not believed for.
    const sent = (await alice.cookies(`${site.url}hub/home`)).map(({ name, value }) => `${name}=${value}`)
    assert.ok(sent.includes(`jupyterhub-hub-login=${secret}`), 'control: the browser sends it')
    assert.ok(!sent.includes(`__Host-jupyterhub-hub-login=${secret}`))
    assert.match(await whoIs(alice, site), /alice/)

    // An answer's cookie for the whole domain becomes one of its own host.
    const own = `${at('alice--stage')}/user/alice/stage/`
    await page.goto(`${own}x?set=${encodeURIComponent('mine=1; Domain=jupyter.test; Path=/')}`)
    const mine = (await alice.cookies()).find(({ name }) => name === 'mine')
    assert.equal(mine?.domain, 'alice--stage.jupyter.test')

    assert.equal(await readByWindow(page, `${site.url}hub/home`), null)
    assert.equal(await fetched(page, `${site.url}hub/api/user`), 'TypeError')
    await page.evaluate((url) => {
      const frame = document.body.appendChild(document.createElement('iframe'))
      frame.src = url
    }, `${site.url}hub/home`)
    await until('the frame is refused', () => page.frames().some((frame) => frame.url().startsWith('chrome-error:')))
    // Counterpart of the refusal on one host: here the whole host is the application's.
    const root = encodeURIComponent('Service-Worker-Allowed: /')
    await page.goto(`${own}x`)
    assert.equal(await register(page, `${own}sw.js?header=${root}`, '/'), '/')
    await page.close()
  })
})

describe('applications on one host', () => {
  let stack: AsyncDisposableStack
  let site: Site
  let alice: BrowserContext
  let bob: BrowserContext
  let page: Page
  let own = ''

  before(async () => {
    await using undo = new AsyncDisposableStack()
    site = undo.use(await openSite({ instance: 'h6', change: withStage }))
    const browser = await openBrowser()
    undo.defer(() => browser.close())
    alice = await signIn(browser, site, 'alice')
    bob = await signIn(browser, site, 'bob')
    page = await open(alice, site, 'local-stage')
    own = `${site.url}user/alice/`
    stack = undo.move()
  })
  after(() => stack?.disposeAsync())

  /** The same application behind a route for which the proxy takes nothing out of its answers. */
  async function undefended<T>(act: () => Promise<T>): Promise<T> {
    using control = openControlClient({
      address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
      token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
    })
    const target = (await control.listRoutes()).get('/user/alice')?.target
    assert.ok(target)
    const { psk } = liveSession(site, 'alice')
    const route = { target, psk, user: 'alice', server_name: '', jupyterhub: true }
    await control.addRoute('/user/alice', { ...route, hub: true })
    try {
      return await act()
    } finally {
      await control.addRoute('/user/alice', route)
    }
  }

  it('leaves a script the cookies of the whole host: what hosts of their own mend', async () => {
    await page.goto(`${own}x`)
    assert.match(await whoIs(alice, site), /alice/)
    await toss(page, `jupyterhub-hub-login=${await cookieOf(bob, 'jupyterhub-hub-login')}; path=/hub/home`)
    assert.match(await whoIs(alice, site), /bob/)
    await toss(page, 'jupyterhub-hub-login=; path=/hub/home; max-age=0')
    assert.match(await whoIs(alice, site), /alice/)
  })

  it('keeps cookies of answers below the application’s path', async () => {
    const address = `${own}x?set=${encodeURIComponent('wide=1; Path=/; Domain=127.0.0.1')}`
    const pathOf = async () => {
      await page.goto(address)
      return (await alice.cookies()).find(({ name }) => name === 'wide')?.path
    }
    assert.equal(await pathOf(), '/user/alice/')
    await alice.clearCookies({ name: 'wide' })
    assert.equal(await undefended(pathOf), '/')
    await alice.clearCookies({ name: 'wide' })
  })

  it('keeps windows with the hub in them out of its hands, whatever opener policy it claims', async () => {
    const attack = async () => {
      await page.goto(`${own}x?header=${encodeURIComponent('Cross-Origin-Opener-Policy: same-origin')}`)
      return readByWindow(page, `${site.url}hub/home`)
    }
    assert.equal(await attack(), null)
    assert.match((await undefended(attack)) ?? '', /alice/)
  })

  it('gives a service worker no more than the application’s path', async () => {
    await page.goto(`${own}x`)
    const root = encodeURIComponent('Service-Worker-Allowed: /')
    assert.equal(await register(page, `${own}sw.js`), '/user/alice/')
    assert.equal(await register(page, `${own}sw.js?header=${root}`, '/'), 'SecurityError')
    // The folder of this address would be everybody's.
    assert.equal(await register(page, `${site.url}user/alice?worker`), 'TypeError')
    assert.equal(await register(page, `${site.url}hub/static/app.js`), 'TypeError')
  })

  it('refuses what a script asks for from below another user’s path', async () => {
    await page.goto(`${own}x`)
    assert.equal(await fetched(page, `${own}y`), 200)
    // A page may call itself what it likes within its origin: this one says where it would be.
    await page.evaluate(() => history.pushState(null, '', '/user/bob/lab'))
    assert.equal(await fetched(page, `${own}y`), 403)
    assert.equal(await fetched(page, `${own}y`, { referrerPolicy: 'no-referrer' }), 200, 'best effort: a page can hide')
    const frame = page.waitForEvent('framenavigated')
    await page.evaluate((url) => {
      document.body.appendChild(document.createElement('iframe')).src = url
    }, `${own}y`)
    assert.match(await (await frame).locator('body').innerText(), /Another application asked for this/)
  })
})

/**
 * A site behind real front servers under `/jupyter/`, in a real browser: Apache and nginx with the files that `batchway front-config`
 * prints, and Apache with the rules of the founding talk as they are. Signed in by the front server's header; nobody sees a sign-in page.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { launch, openBrowser, stopFromHome } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import {
  askFront,
  basicHeader,
  type FrontPlace,
  makeFrontPlace,
  openFrontServer,
  passwordFor,
} from './support/front-server.ts'
import { runCell } from './support/notebook.ts'
import { openSite, type Site } from './support/site.ts'
import { typeInTerminal } from './support/terminal.ts'

const base = '/jupyter/'

/**
 * The talk's rules, with its host name and ports filled in. Of two sections that match, Apache 2.4 takes the `ProxyPass` of the later one:
 * in the order of the slide no WebSocket gets through, whatever stands behind, so the two sections change places.
 */
function talkRules(fqdn: string, proxy: number, order: 'slide' | 'swapped'): string {
  const webSockets = [
    '<LocationMatch "/jupyter/(user/[^/]*)/(api/kernels/[^/]+/channels|terminals/websocket)(.*)">',
    '  ProxyPassMatch ws://localhost:8999/jupyter/$1/$2$3',
    '  ProxyPassReverse ws://localhost:8999',
    '</LocationMatch>',
  ]
  const others = [
    '<Location "/jupyter">',
    '  ProxyPass http://localhost:8999/jupyter',
    '  ProxyPassReverse http://localhost:8999/jupyter',
    `  Header edit Origin ${fqdn} localhost:8999`,
    `  RequestHeader edit Origin ${fqdn} localhost:8999`,
    `  Header edit Referer ${fqdn} localhost:8999`,
    `  RequestHeader edit Referer ${fqdn} localhost:8999`,
    '</Location>',
  ]
  const lines = order === 'slide' ? [...webSockets, ...others] : [...others, ...webSockets]
  return lines.join('\n').replaceAll('8999', String(proxy))
}

/** What a site adds to them: certificates, its sign-on, the headers of the talk, and the proof that it was this server. */
const talkSite = (place: FrontPlace, port: number, proxy: number, order: 'slide' | 'swapped'): string =>
  [
    `Listen ${port}`,
    'Include /etc/apache2/batchway-front.secret',
    `<VirtualHost *:${port}>`,
    'SSLEngine on',
    `SSLCertificateFile ${place.certificate}`,
    `SSLCertificateKeyFile ${place.key}`,
    'RequestHeader unset Remote_User early',
    '<Location "/jupyter">',
    '  AuthType Basic',
    '  AuthName "Site"',
    '  AuthUserFile /etc/apache2/batchway.htpasswd',
    '  Require valid-user',
    '  RequestHeader set Remote_User "expr=%{REMOTE_USER}"',
    '  RequestHeader set Remote_User_Data "stuff;morestuff"',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Apache's
    '  RequestHeader set X-Batchway-Front-Secret "${BATCHWAY_FRONT_SECRET}"',
    '</Location>',
    talkRules(`localhost:${port}`, proxy, order),
    '</VirtualHost>',
  ].join('\n')

interface Scene extends AsyncDisposable {
  readonly site: Site
  readonly port: number
  /** The talk's site file with its two sections as on the slide. */
  readonly inOrderOfTheSlide: string
  /** Another text of the site file in front of the same site. */
  restart(change: (text: string) => string): Promise<void>
}

async function openScene(kind: 'apache' | 'nginx' | 'talk', instance: string): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const place = undo.use(makeFrontPlace())
  const [port, proxy] = [await freePort(), await freePort()]
  const hub = findAccount('batchway')
  assert.ok(hub)
  const site = undo.use(
    await openSite({
      base,
      instance,
      port: proxy,
      change: (config) => {
        const secret = join(String(config.stateDirectory), 'front.secret')
        writeFileSync(secret, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
        chownSync(secret, hub.uid, hub.gid)
        config.url = `https://localhost:${port}${base}`
        config.signIn = [
          { type: 'header', ...(kind === 'talk' && { dataHeader: 'Remote_User_Data' }) },
          { type: 'link' },
        ]
        config.proxy = { trustedFronts: ['127.0.0.1', '::1'], frontSecretFile: secret }
        if (kind === 'talk') config.listen = [`127.0.0.1:${proxy}`, `[::1]:${proxy}`]
        if (kind === 'talk') config.origins = [`https://localhost:${proxy}`]
      },
    }),
  )
  const server = kind === 'nginx' ? 'nginx' : 'apache'
  const printed = (...args: string[]): string =>
    site.command('front-config', server, `--config=${site.configFile}`, ...args)
  const text =
    kind === 'talk'
      ? talkSite(place, port, proxy, 'swapped')
      : printed(`--port=${port}`, '--fqdn=localhost', `--certificate=${place.certificate}`, `--key=${place.key}`)
  const secret = printed('--secret')
  let running = await openFrontServer(server, place, { site: text, secret, port })
  undo.defer(() => running[Symbol.asyncDispose]())
  const keep = undo.move()
  return {
    site,
    port,
    inOrderOfTheSlide: talkSite(place, port, proxy, 'slide'),
    async restart(change) {
      await running[Symbol.asyncDispose]()
      running = await openFrontServer(server, place, { site: change(text), secret, port })
    },
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}

/** Every address that a page leads to, on this host or as an absolute address of it. */
const addressesOf = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('[href],[src],form[action],[data-events],[data-worker]')].flatMap((element) =>
      ['href', 'src', 'action', 'data-events', 'data-worker'].flatMap((name) => element.getAttribute(name) ?? []),
    ),
  )

/** First piece of the page's event stream, while the stream goes on. */
const firstEvent = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const { events, xsrf } = document.body.dataset
    const answer = await fetch(`${events}?_xsrf=${encodeURIComponent(xsrf ?? '')}`, {
      headers: { accept: 'text/event-stream' },
    })
    const reader = answer.body?.getReader()
    const piece = await reader?.read()
    await reader?.cancel()
    return `${answer.status} ${piece?.done === false ? new TextDecoder().decode(piece.value) : 'ended'}`
  })

for (const [kind, instance] of [
  ['apache', 'h2'],
  ['nginx', 'h3'],
  ['talk', 'h4'],
] as const)
  describe(`behind ${kind === 'talk' ? 'Apache with the rules of the talk' : `${kind} with our site file`}`, () => {
    let scene: Scene
    let browser: Browser
    let context: BrowserContext
    let origin = ''
    before(async () => {
      scene = await openScene(kind, instance)
      browser = await openBrowser()
      origin = `https://localhost:${scene.port}`
      context = await asUser('alice')
    })
    after(async () => {
      await browser?.close()
      await scene?.[Symbol.asyncDispose]()
    })
    async function asUser(username: string): Promise<BrowserContext> {
      const fresh = await browser.newContext({
        ignoreHTTPSErrors: true,
        httpCredentials: { username, password: passwordFor(username) },
      })
      fresh.setDefaultTimeout(60_000)
      return fresh
    }
    const place = () => ({ url: `${origin}${base}` })

    it('signs the user in without a click, and no link leaves the path', async () => {
      const page = await context.newPage()
      await page.goto(`${origin}${base.slice(0, -1)}`)
      assert.equal(new URL(page.url()).pathname, `${base}hub/home`)
      assert.match(await page.locator('body').innerText(), /alice/)
      for (const name of ['home', 'spawn', 'history', 'preferences']) {
        await page.goto(`${origin}${base}hub/${name}`)
        const addresses = await addressesOf(page)
        assert.ok(addresses.length > 5, name)
        for (const address of addresses) {
          const url = new URL(address, page.url())
          if (url.protocol === 'data:') continue
          assert.equal(url.origin, origin, `${name}: ${address}`)
          assert.ok(url.pathname.startsWith(base), `${name}: ${address}`)
        }
      }
      await page.goto(`${origin}${base}hub/home`)
      assert.match(await firstEvent(page), /^200 (?!ended)/)
      await page.close()
    })

    it('runs a notebook cell and a terminal, and lets a token in without the sign-on', async () => {
      const page = await context.newPage()
      await launch(page, place(), 'local-classic')
      await page.waitForURL((url) => url.pathname.startsWith(`${base}user/alice/`), { timeout: 90_000 })
      assert.equal(new URL(page.url()).origin, origin)
      assert.match(await runCell(page, 'classic', 'import getpass; print(getpass.getuser(), 6*7)'), /alice 42/)
      const printed = await typeInTerminal(
        page,
        `${base}user/alice/`,
        ['echo token=$JUPYTERHUB_API_TOKEN=', 'echo done-$((40+2))'],
        'done-42',
      )
      const [, token = ''] = /token=([\w-]{20,})=/.exec(printed) ?? []
      assert.notEqual(token, '')
      if (kind !== 'talk') {
        const withToken = await askFront(scene.port, `${base}hub/api/user`, { authorization: `token ${token}` })
        assert.equal(withToken.status, 200, withToken.body)
        assert.equal(JSON.parse(withToken.body).name, 'alice')
        // The token opens the API alone; and without one the front server asks.
        for (const [path, headers] of [
          [`${base}hub/api/user`, {}],
          [`${base}hub/home`, { authorization: `token ${token}` }],
          [`${base}user/alice/api/status`, { authorization: `token ${token}` }],
        ] as const)
          assert.equal((await askFront(scene.port, path, headers)).status, 401, path)
      }
      await stopFromHome(page, place())
      await page.close()
    })

    /** As a browser that keeps cookies and goes along with redirects, and adds headers. @returns what the home page says. */
    async function homeWith(headers: Readonly<Record<string, string>>): Promise<string> {
      const jar = new Map<string, string>()
      let path = `${base}hub/home`
      for (let turn = 0; turn < 10; turn++) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
        const sent = { ...headers, 'sec-fetch-mode': 'navigate', accept: 'text/html', ...(cookie !== '' && { cookie }) }
        const answer = await askFront(scene.port, path, sent)
        for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          jar.set(name, value)
        }
        const { location } = answer.headers
        if (typeof location !== 'string') return answer.body
        path = location.replace(origin, '')
      }
      return 'redirects without end'
    }

    it('believes no header of a client, whatever its spelling', async () => {
      assert.match(await homeWith({ authorization: basicHeader('alice') }), /alice/)
      for (const name of [
        'Remote_User',
        'Remote-User',
        'REMOTE_USER',
        'remote-user',
        'X-Remote-User',
        'X-Forwarded-User',
      ]) {
        const body = await homeWith({ authorization: basicHeader('bob'), [name]: 'alice' })
        // The talk's rules let another spelling through: such a request is refused as a whole.
        assert.match(body, kind === 'talk' && /remote-user/i.test(name) ? /bob|cannot be read/ : /bob/, name)
        assert.doesNotMatch(body, /alice/, name)
      }
    })

    it('signs out, and says that the front server’s sign-in goes on', async () => {
      const bob = await asUser('bob')
      const page = await bob.newPage()
      await page.goto(`${origin}${base}hub/home`)
      await page.locator('details.bw-menu summary').click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.waitForURL(/out/)
      assert.ok(page.url().startsWith(`${origin}${base}hub/`), page.url())
      assert.match(await page.locator('main').innerText(), /signed out/i)
      await bob.close()
    })

    it('control: without the lines for WebSockets there is no terminal', async () => {
      const page = await context.newPage()
      await launch(page, place(), 'local-classic')
      await page.waitForURL((url) => url.pathname.startsWith(`${base}user/alice/`), { timeout: 90_000 })
      await scene.restart((text) =>
        kind === 'talk'
          ? scene.inOrderOfTheSlide
          : text.replace(' upgrade=websocket', '').replace('Upgrade $http_upgrade', "Upgrade ''"),
      )
      await assert.rejects(
        typeInTerminal(page, `${base}user/alice/`, ['echo x'], 'x'),
        /WebSocket failed|did not print/,
      )
      await scene.restart((text) => text)
      await stopFromHome(page, place())
      await page.close()
    })

    it('keeps the front secret out of logs and of what applications see', () => {
      const secret = readFileSync(join(scene.site.stateDirectory, 'front.secret'), 'utf8').trim()
      assert.ok(!scene.site.log().includes(secret))
    })
  })

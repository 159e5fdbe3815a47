/** Sign-in by header behind a real Apache that asks for a password, in a real Chromium; and what a client can make Apache send. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext } from 'playwright-core'
import { apacheSecret } from '../../packages/batchway/src/cli/front-config/apache.ts'
import { openBrowser } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { basicHeader, type FrontPlace, makeFrontPlace, openFrontServer, passwordFor } from './support/front-server.ts'
import { frontSecret, openHeaderSite } from './support/header-site.ts'
import { liveSession } from './support/live-secrets.ts'
import type { Site } from './support/site.ts'
import { openVisitor, startServer, stopServer } from './support/visitor.ts'

const base = '/jupyter/'

/** Inside a `<Location>`: who it is, and the proof. */
const placeLines = (path: string, target: string): string[] => [
  `<Location ${path}>`,
  '  AuthType Basic',
  '  AuthName "the site"',
  '  AuthUserFile /etc/apache2/batchway.htpasswd',
  '  Require valid-user',
  '  RequestHeader set Remote_User "expr=%{REMOTE_USER}"',
  '  RequestHeader set Remote_User_Data "stuff;morestuff"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Apache's
  '  RequestHeader set X-Batchway-Front-Secret "${BATCHWAY_FRONT_SECRET}"',
  `  ProxyPass ${target}`,
  '</Location>',
]

/** Written by hand, with less care than ours: what arrives behind it is the worst that a usual site lets through. */
const handWritten = (port: number, gateway: number, echo: number, { folder }: FrontPlace): string =>
  [
    `Listen 127.0.0.1:${port}`,
    'Include /etc/apache2/batchway-front.secret',
    'ProxyPreserveHost On',
    'AllowEncodedSlashes NoDecode',
    `Alias /sso ${folder}/sso`,
    `<Directory ${folder}/sso>`,
    '  Require all granted',
    '</Directory>',
    ...placeLines('/jupyter', `http://127.0.0.1:${gateway}/jupyter`),
    ...placeLines('/echo', `http://127.0.0.1:${echo}/`),
    `<Location ${base}hub/api>`,
    `  <If "%{HTTP:Authorization} =~ /^(token|bearer) /i">`,
    '    Require all granted',
    '  </If>',
    '</Location>',
  ].join('\n')

describe('behind Apache', () => {
  const closing = new AsyncDisposableStack()
  /** Address of the front server, and a page beside the gateway on it, of another origin. */
  let [origin, signedOutPage] = ['', '']
  let site: Site
  let chromium: Browser
  let echoPort: number
  const echo = createServer((request, response) => response.end(JSON.stringify(request.rawHeaders)))

  before(async () => {
    const [front, port] = [await freePort(), await freePort()]
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const address = echo.address()
    echoPort = typeof address === 'object' && address !== null ? address.port : 0
    const place = closing.use(makeFrontPlace())
    mkdirSync(join(place.folder, 'sso'), { mode: 0o755 })
    writeFileSync(
      join(place.folder, 'sso/out.html'),
      '<!doctype html><title>out</title><h1>The site has signed you out</h1>',
    )
    closing.use(
      await openFrontServer('apache', place, {
        site: handWritten(front, port, echoPort, place),
        secret: apacheSecret(frontSecret),
        port: front,
      }),
    )
    origin = `http://127.0.0.1:${front}`
    signedOutPage = `http://localhost:${front}/sso/out.html`
    site = await openHeaderSite({
      instance: 'h1',
      url: `${origin}${base}`,
      port,
      // Another origin than the gateway's.
      header: { logoutUrl: signedOutPage },
    })
    chromium = await openBrowser()
  })
  after(async () => {
    await chromium?.close()
    await site?.[Symbol.asyncDispose]()
    await closing.disposeAsync()
    echo.close()
  })

  /** A browser in which a person has given their password to Apache; with the cookies of an earlier one. */
  async function browserOf(user: string, before?: BrowserContext): Promise<BrowserContext> {
    const context = await chromium.newContext({
      httpCredentials: { username: user, password: passwordFor(user) },
      ...(before && { storageState: await before.storageState() }),
    })
    context.setDefaultTimeout(60_000)
    return context
  }
  const home = () => `${origin}${base}hub/home`
  const loginOf = async (context: BrowserContext) =>
    (await context.cookies(home())).find(({ name }) => name === 'jupyterhub-hub-login')?.value
  const visitor = (user: string) => openVisitor(origin, base, user, () => ({ authorization: basicHeader(user) }))

  it('a person is signed in without a click, is followed by the next, and signs out of both', async () => {
    const alice = await browserOf('alice')
    const page = await alice.newPage()
    await page.goto(`${origin}${base}`)
    assert.equal(new URL(page.url()).pathname, `${base}hub/home`)
    await page.getByText('alice', { exact: true }).first().waitFor({ state: 'attached' })
    const alices = await loginOf(alice)
    assert.ok(alices)

    // Bob sits down at the same browser, with all its cookies.
    const bob = await browserOf('bob', alice)
    assert.equal(await loginOf(bob), alices)
    const his = await bob.newPage()
    await his.goto(home())
    await his.getByText('bob', { exact: true }).first().waitFor({ state: 'attached' })
    assert.equal(await his.getByText('alice', { exact: true }).count(), 0)
    assert.notEqual(await loginOf(bob), alices)
    const used = await visitor('alice').ask(`${base}hub/api/user`, { cookies: `jupyterhub-hub-login=${alices}` })
    assert.equal(used.status, 401, 'hers is over')

    // The form answers with a page that goes on to another origin, which a redirect could not.
    await his.locator('header details summary').click()
    await his.getByRole('button', { name: 'Sign out' }).click()
    await his.waitForURL(signedOutPage)
    assert.match(await his.locator('h1').innerText(), /The site has signed you out/)
    assert.equal(await loginOf(bob), undefined)
    await alice.close()
    await bob.close()
  })

  it('asks for the password itself, and lets tokens of the gateway through without one', async () => {
    const stranger = openVisitor(origin, base, 'stranger')
    const refused = await stranger.ask(`${base}hub/home`)
    assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Basic realm="the site"'])
    const alice = visitor('alice')
    await alice.open(`${base}hub/home`)
    await startServer(alice, 'local-echo')
    try {
      const { apiToken } = liveSession(site, 'alice')
      const by = (path: string, token: string) => stranger.ask(path, { headers: { authorization: `token ${token}` } })
      const answer = await by(`${base}hub/api/user`, apiToken)
      assert.deepEqual([answer.status, JSON.parse(answer.body).name], [200, 'alice'])
      assert.equal((await by(`${base}hub/api/user`, 'wrong')).status, 403)
      // Showing a token opens the API and nothing else.
      assert.match((await by(`${base}hub/home`, apiToken)).headers['www-authenticate'] ?? '', /Basic/)
      // Apache forwards the password; the application does not get it.
      const echoed = await alice.open(`${base}user/alice/`)
      assert.equal(echoed.status, 200, echoed.body)
      assert.doesNotMatch(echoed.body, /Basic|Remote_User|morestuff/i)
      assert.ok(!echoed.body.includes(frontSecret))
    } finally {
      await stopServer(alice)
    }
  })

  it('headers that a client sends are Apache’s, or are refused', async () => {
    const bob = visitor('bob')
    const sent = (headers: Record<string, string>, path = `${base}hub/home`) =>
      bob.ask(path, { headers: { accept: 'text/html', ...headers }, cookies: 'a=1' })
    /** What passes through Apache to any server behind it. */
    const passed = async (headers: Record<string, string>): Promise<Record<string, string>> => {
      const raw: string[] = JSON.parse((await sent(headers, '/echo')).body)
      return Object.fromEntries(raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : [])))
    }
    for (const name of ['Remote_User', 'remote_user', 'REMOTE_USER']) {
      assert.match((await sent({ [name]: 'alice' })).body, /bob/, 'Apache sets it anew')
    }
    for (const headers of [
      { 'Remote-User': 'alice' },
      { 'Remote-User-Data': 'x' },
      // Apache drops what it has set itself, and its proof stays: the client's name would be the only one.
      { 'Remote-User': 'alice', Connection: 'close, Remote_User' },
      { Connection: 'close, Remote_User_Data' },
    ]) {
      const answer = await sent(headers)
      assert.deepEqual([answer.status, answer.headers['set-cookie']], [400, undefined], JSON.stringify(headers))
    }
    // The control: that is what arrives, and whoever takes any spelling of the name would take bob for alice.
    const arrived = await passed({ 'Remote-User': 'alice', Connection: 'close, Remote_User' })
    assert.deepEqual([arrived['Remote-User'], arrived.Remote_User], ['alice', undefined])
    assert.equal(arrived['X-Batchway-Front-Secret'], frontSecret)
    // Dropping the name or the proof makes a stranger of him, no more.
    for (const name of ['Remote_User', 'X-Batchway-Front-Secret']) {
      const answer = await sent({ Connection: `close, ${name}` })
      assert.deepEqual([answer.status, /login=[^;]/.test(String(answer.headers['set-cookie']))], [303, false], name)
    }
  })
})

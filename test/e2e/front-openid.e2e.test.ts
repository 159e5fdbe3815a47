/**
 * Apache's mod_auth_openidc in front of header sign-in, with the site file that `batchway front-config apache --sign-on openidc` prints, a real
 * OpenID provider and a real browser: sign-in, groups and roles, refusals, the end of Apache's session, signing out of all three.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openIdAddresses } from '../../packages/batchway/src/cli/front-config/openid.ts'
import { launch, openBrowser, stopFromHome } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { askFront, type FrontPlace, makeFrontPlace, openFrontServer } from './support/front-server.ts'
import { frontSecret, openHeaderSite } from './support/header-site.ts'
import { type RealProvider, realProvider } from './support/oidc-provider.ts'
import type { Site } from './support/site.ts'

const base = '/jupyter/'

describe('behind Apache’s mod_auth_openidc', () => {
  const closing = new AsyncDisposableStack()
  const contexts: BrowserContext[] = []
  let provider: RealProvider
  let site: Site
  let browser: Browser
  let place: FrontPlace
  let apache: AsyncDisposable
  let port = 0
  let origin = ''
  let printed = ''

  async function serve(change: (text: string) => string = (text) => text): Promise<void> {
    await apache?.[Symbol.asyncDispose]()
    apache = await openFrontServer('apache', place, {
      site: change(printed),
      secret: site.command('front-config', 'apache', `--config=${site.configFile}`, '--secret'),
      openIdSecret: `OIDCClientSecret "${provider.secret}"\nOIDCCryptoPassphrase ${randomBytes(32).toString('hex')}\n`,
      port,
    })
  }

  before(async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const
    const [providerPort, proxyPort] = [ports[1], ports[2]]
    port = ports[0]
    origin = `https://localhost:${port}`
    provider = closing.use(
      await realProvider({
        port: providerPort,
        client: {
          redirects: [`${origin}${base}openid-connect`],
          signedOut: [`${origin}${base}hub/login?out=1`],
        },
      }),
    )
    provider.people.set('alice', { groups: ['hpc', 'operators'], email: 'alice@example.edu' })
    provider.people.set('bob', { groups: ['hpc'], email: 'bob@example.edu' })
    provider.people.set('carol', { groups: ['visitors'], email: 'carol@example.edu' })
    // Chose an address at the provider that reads as a second item.
    provider.people.set('eve', { groups: ['visitors'], email: 'x@example.edu;hpc,operators' })
    place = closing.use(makeFrontPlace())
    const addresses = openIdAddresses({ fqdn: 'localhost', port, base }, provider.issuer)
    site = await openHeaderSite({
      instance: 'z1',
      url: `${origin}${base}`,
      port: proxyPort,
      isWithoutSocket: true,
      header: { ...addresses, data: { claims: ['email', 'groups'], listSeparator: ',' } },
      people: { groups: { claim: 'groups' }, allow: { groups: ['hpc'] }, adminGroups: ['operators'] },
    })
    closing.use(site)
    printed = site.command(
      ...['front-config', 'apache', `--config=${site.configFile}`, '--sign-on=openidc', `--port=${port}`],
      ...[`--issuer=${provider.issuer}`, '--client-id=batchway'],
      ...[`--certificate=${place.certificate}`, `--key=${place.key}`],
    )
    await serve()
    closing.defer(() => apache[Symbol.asyncDispose]())
    browser = await openBrowser()
  })
  after(async () => {
    for (const context of contexts) await context.close()
    await browser?.close()
    await closing.disposeAsync()
  })

  async function visit(path = 'hub/home', headers: Record<string, string> = {}): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    context.setDefaultTimeout(60_000)
    contexts.push(context)
    const page = await context.newPage()
    // On the gateway's requests alone: the provider is another server.
    await context.route(`${origin}/**`, (route) =>
      route.continue({ headers: { ...route.request().headers(), ...headers } }),
    )
    await page.goto(`${origin}${base}${path}`)
    return page
  }
  async function tell(page: Page, name: string): Promise<void> {
    await page.getByLabel('Name').fill(name)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL((url) => url.origin === origin && !url.pathname.endsWith('/openid-connect'))
  }
  async function signedIn(name: string, headers: Record<string, string> = {}): Promise<Page> {
    const page = await visit('hub/home', headers)
    await tell(page, name)
    return page
  }
  const asksWho = (page: Page) => page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  /** Status, and the user as the API tells it to a script of a page. */
  const userOf = (page: Page): Promise<{ status: number; name?: string; admin?: boolean; groups?: string[] }> =>
    page.evaluate(async (address) => {
      const token = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
      const answer = await fetch(address, { headers: { 'x-xsrftoken': token } })
      return { ...(await answer.json()), status: answer.status }
    }, `${origin}${base}hub/api/user`)
  const cookieNames = async (page: Page) => (await page.context().cookies()).map(({ name }) => name)
  const audit = (): string => site.command('audit', `--config=${site.configFile}`)

  it('brings a person to where they wanted to go, with groups and role, from the path without its slash too', async () => {
    const page = await visit('hub/history')
    await tell(page, 'alice')
    assert.equal(new URL(page.url()).pathname, `${base}hub/history`)
    const alice = await userOf(page)
    assert.deepEqual([alice.name, alice.admin, alice.groups], ['alice', true, ['hpc', 'operators']])
    await page.goto(`${origin}${base.slice(0, -1)}`)
    assert.equal(new URL(page.url()).pathname, `${base}hub/home`)

    const bob = await userOf(await signedIn('bob'))
    assert.deepEqual([bob.name, bob.admin, bob.groups], ['bob', false, ['hpc']])
  })

  it('refuses whom the rules do not let in, in words, and whom the provider refuses', async () => {
    const carol = await signedIn('carol')
    assert.match(await carol.getByRole('alert').innerText(), /not open to you/)
    assert.ok(!(await cookieNames(carol)).includes('jupyterhub-hub-login'))
    assert.notEqual((await userOf(carol)).status, 200)

    const nobody = await visit()
    const [answer] = await Promise.all([
      nobody.waitForResponse((response) => response.url().includes('/openid-connect?')),
      nobody.getByRole('button', { name: 'Cancel' }).click(),
    ])
    assert.ok(answer.status() >= 400 || /denied|error/i.test(await answer.text()), `${answer.status()}`)
    assert.ok(!(await cookieNames(nobody)).includes('jupyterhub-hub-login'))
  })

  const forged = {
    Remote_User: 'alice',
    Remote_User_Data: 'alice@example.edu;hpc,operators',
    OIDC_CLAIM_groups: 'operators',
    OIDC_CLAIM_preferred_username: 'alice',
  }
  /** With forged headers exactly as written, which no browser sends, and with nothing but Apache's session. */
  async function forgedHome(page: Page) {
    const cookies = (await page.context().cookies()).filter(({ name }) => name.startsWith('mod_auth_openidc'))
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const { status, body } = await askFront(port, `${base}hub/home`, { ...forged, cookie, accept: 'text/html' })
    return { status, user: /data-user="(\w*)"/.exec(body)?.[1] }
  }

  it('believes no header of a client', async () => {
    for (const headers of [
      { 'Remote-User': 'alice' },
      { remote_user: 'alice' },
      { 'Remote-User-Data': 'x;operators' },
    ]) {
      const bob = await userOf(await signedIn('bob', headers))
      assert.deepEqual([bob.name, bob.admin], ['bob', false], Object.keys(headers).join())
    }
    assert.deepEqual(await forgedHome(await signedIn('bob')), { status: 200, user: 'bob' })
    // Nobody at all, with a name.
    assert.equal((await askFront(port, `${base}hub/api/user`, forged)).status, 401)
  })

  it('lets nobody in with a claim that reads as two', async () => {
    const page = await visit()
    await page.getByLabel('Name').fill('eve')
    const [answer] = await Promise.all([
      page.waitForResponse((response) => new URL(response.url()).pathname === `${base}hub/home`),
      page.getByRole('button', { name: 'Sign in' }).click(),
    ])
    assert.equal(answer.status(), 403)
  })

  /** What an application gets of a visit. */
  async function echoed(): Promise<string> {
    const page = await signedIn('bob')
    await launch(page, { url: `${origin}${base}` }, 'local-echo')
    await page.waitForURL((url) => url.pathname.startsWith(`${base}user/bob/`), { timeout: 90_000 })
    await page.reload()
    const text = await page.locator('body').innerText()
    assert.match(text, /"echo": ?true/)
    assert.ok((await cookieNames(page)).includes('mod_auth_openidc_session'))
    await stopFromHome(page, { url: `${origin}${base}` })
    return text
  }

  it('keeps claims, tokens and Apache’s own cookie from applications', async () => {
    const text = await echoed()
    assert.doesNotMatch(text, /OIDC_|mod_auth_openidc_session|Remote_User|example\.edu/i)
    assert.ok(!text.includes(frontSecret))
  })

  it('control: without the lines for it each of these works', async () => {
    await serve((text) =>
      text
        .replace(/^.*RequestHeader unset Remote_User.*\n/gm, '')
        .replace('RequestHeader set Remote_User ', 'RequestHeader setifempty Remote_User ')
        .replace('RequestHeader set Remote_User_Data ', 'RequestHeader setifempty Remote_User_Data ')
        .replace(/^ *Require expr .*\n/gm, '')
        .replace(/^ *OIDCStripCookies .*\n/m, ''),
    )
    assert.deepEqual(await forgedHome(await signedIn('bob')), { status: 200, user: 'alice' })
    // The second item of what she calls her address is in the place of the groups.
    const eve = await userOf(await signedIn('eve'))
    assert.deepEqual([eve.admin, eve.groups], [true, ['hpc', 'operators']])
    assert.match(await echoed(), /mod_auth_openidc_session=/)
    await serve()
  })

  it('ends the hub’s sign-in when Apache’s session is over, and brings back who is still signed in at the provider', async () => {
    // Pages that others have left open ask the hub, too.
    for (const context of browser.contexts()) await context.close()
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')]
    // An open page of the hub asks the hub by itself, at a moment of its own.
    for (const page of [alice, bob]) await page.goto('about:blank')
    const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }
    /** As a script of a page of theirs asks. */
    async function ask(page: Page, path: string): Promise<number> {
      const token = (await page.context().cookies()).find(({ name }) => name === '_xsrf')?.value ?? ''
      const options = { headers: { ...script, 'x-xsrftoken': token }, maxRedirects: 0 }
      return (await page.context().request.get(`${origin}${base}${path}`, options)).status()
    }
    const ends = (name: string): number =>
      audit()
        .split('\n')
        .filter((line) => line.includes(name) && line.includes('the front server names nobody')).length
    const before = [ends('alice'), ends('bob')] as const
    assert.equal(await ask(alice, 'hub/api/user'), 200)
    // With another key Apache knows none of its sessions, as when their time is over.
    await serve()
    // Bob's browser asks for a page, as a script. Apache answers that by itself, so the hub does not learn of it: the control.
    assert.equal(await ask(bob, 'hub/home'), 401)
    assert.equal(await ask(alice, 'hub/api/user'), 401)
    assert.deepEqual([ends('alice'), ends('bob')], [before[0] + 1, before[1]])

    await alice.goto(`${origin}${base}hub/home`)
    assert.equal(new URL(alice.url()).pathname, `${base}hub/home`)
    assert.equal((await userOf(alice)).name, 'alice')
  })

  it('signs out of the hub, of Apache and of the provider; leaving the hub alone is no sign-out', async () => {
    const page = await signedIn('bob')
    await page.locator('details.bw-menu summary').click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    assert.equal(page.url(), `${origin}${base}hub/login?out=1`)
    const left = await cookieNames(page)
    assert.ok(!left.includes('jupyterhub-hub-login') && !left.includes('mod_auth_openidc_session'), left.join())
    await page.getByRole('link', { name: 'Sign in with your site account' }).click()
    await asksWho(page)
    await tell(page, 'alice')
    assert.equal((await userOf(page)).name, 'alice')

    const other = await signedIn('bob')
    await other.context().clearCookies({ name: 'jupyterhub-hub-login' })
    await other.goto(`${origin}${base}hub/home`)
    assert.equal((await userOf(other)).name, 'bob', 'the control')
  })

  it('lets programs with a token use the API and nothing else', async () => {
    const ask = (path: string, headers: Record<string, string> = {}) => askFront(port, path, headers)
    assert.equal((await ask(`${base}hub/api/user`, { authorization: 'token wrong' })).status, 403)
    const page = await ask(`${base}hub/home`, { authorization: 'token wrong', accept: 'text/html' })
    assert.equal(page.status, 302)
    assert.match(String(page.headers.location), new RegExp(`^${provider.issuer}/`))
    assert.equal((await ask(`${base}hub/health`)).status, 200)
  })

  it('leaves no secret in the logs', () => {
    assert.doesNotMatch(site.log(), /eyJ[\w-]{20,}|code=[\w-]{10}/)
    assert.ok(!site.log().includes(provider.secret) && !site.log().includes(frontSecret))
  })
})

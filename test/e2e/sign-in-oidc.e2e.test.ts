/** Sign-in with a real OpenID provider, in a real browser: roles by groups, refusals, asking again, signing out of both. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { openBrowser } from './support/browser.ts'
import { freePort } from './support/free-port.ts'
import { hubClient, type RealProvider, realProvider } from './support/oidc-provider.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'

describe('sign-in with an OpenID provider', () => {
  let provider: RealProvider
  let site: Site
  let browser: Browser
  const contexts: BrowserContext[] = []

  before(async () => {
    const [port, hubPort] = [await freePort(), await freePort()]
    const hub = `http://127.0.0.1:${hubPort}/jupyter/`
    const keys = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ]
    const [right, wrong] = keys.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const keyed = {
      key: keys[0]?.publicKey.export({ format: 'jwk' }) ?? {},
      redirects: ['keyed', 'wrong-key'].map((login) => `${hub}hub/login/${login}/callback`),
    }
    provider = await realProvider({ port, client: { ...hubClient(hub, ['campus', 'often']), keyed } })
    provider.people.set('alice', { groups: ['hpc', 'operators'] })
    provider.people.set('bob', { groups: ['hpc'] })
    provider.people.set('carol', { groups: ['visitors'] })
    site = await openSite({
      base: '/jupyter/',
      instance: 'o1',
      port: hubPort,
      change: (config) => {
        const state = String(config.stateDirectory)
        const account = findAccount('batchway')
        assert.ok(account)
        const keep = (name: string, text: string): string => {
          const file = join(state, name)
          writeFileSync(file, text, { mode: 0o600 })
          chownSync(file, account.uid, account.gid)
          return file
        }
        const secretFile = keep('client.secret', `${provider.secret}\n`)
        const campus = {
          type: 'oidc',
          id: 'campus',
          button: 'Sign in with your campus account',
          issuer: provider.issuer,
          clientId: 'batchway',
          clientSecretFile: secretFile,
          claims: { groups: 'realm_access.roles' },
        }
        config.signIn = [
          campus,
          { ...campus, id: 'often', button: 'Asked about often', recheck: '10s' },
          ...(['keyed', 'wrong-key'] as const).map((id) => ({
            type: 'oidc',
            id,
            button: `With a ${id === 'keyed' ? 'key' : 'wrong key'}`,
            issuer: provider.issuer,
            clientId: 'keyed',
            clientKeyFile: keep(`${id}.pem`, String(id === 'keyed' ? right : wrong)),
            claims: campus.claims,
          })),
          // Never there: it must disturb nobody.
          { type: 'oidc', id: 'elsewhere', button: 'Another institution', issuer: 'http://127.0.0.1:1', clientId: 'x' },
          { type: 'link' },
        ]
        config.people = { groups: { claim: 'groups' }, allow: { groups: ['hpc'] }, adminGroups: ['operators'] }
      },
    })
    browser = await openBrowser()
  })
  after(async () => {
    for (const context of contexts) await context.close()
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })

  async function visit(path = 'hub/login'): Promise<Page> {
    const context = await browser.newContext()
    context.setDefaultTimeout(60_000)
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${site.url}${path}`)
    return page
  }
  async function chooseCampus(page: Page, button = 'Sign in with your campus account'): Promise<void> {
    await page.getByRole('link', { name: button, exact: true }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  }
  async function signIn(page: Page, name: string, button?: string): Promise<void> {
    await chooseCampus(page, button)
    await page.getByLabel('Name').fill(name)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const userOf = (page: Page): Promise<{ name: string; admin: boolean; groups: string[] } | null> =>
    page.evaluate(async (address) => {
      const token = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
      const answer = await fetch(address, { headers: { 'x-xsrftoken': token } })
      return answer.ok ? answer.json() : null
    }, `${site.url}hub/api/user`)
  const isSignedOut = async (page: Page): Promise<boolean> => {
    await page.goto(`${site.url}hub/home`)
    return new URL(page.url()).pathname.endsWith('/hub/login')
  }

  it('brings a person to where they wanted to go, with groups and role', async () => {
    const page = await visit('hub/history')
    await signIn(page, 'alice')
    await page.waitForURL(/\/jupyter\/hub\/history$/)
    const alice = await userOf(page)
    assert.deepEqual([alice?.name, alice?.admin, alice?.groups], ['alice', true, ['hpc', 'operators']])
    const kept = (await page.context().cookies()).map(({ name }) => name)
    assert.ok(!kept.some((name) => name.startsWith('batchway-start-')), kept.join())

    const other = await visit()
    await signIn(other, 'bob')
    await other.waitForURL(/\/hub\/home$/)
    const bob = await userOf(other)
    assert.deepEqual([bob?.name, bob?.admin], ['bob', false])
  })

  it('refuses whom the rules do not let in, and whom the provider refuses, in words', async () => {
    const page = await visit()
    await signIn(page, 'carol')
    await page.getByRole('alert').waitFor()
    assert.match(await page.getByRole('alert').innerText(), /not open to you/)
    assert.ok(await isSignedOut(page))

    const other = await visit()
    await chooseCampus(other)
    await other.getByRole('button', { name: 'Cancel' }).click()
    await other.getByRole('alert').waitFor()
    assert.match(await other.getByRole('alert').innerText(), /did not let you in/)
    assert.equal(await other.title(), 'Sign in · Batchway')
    assert.ok(await isSignedOut(other))
  })

  it('says when a provider is down, and the others go on', async () => {
    const page = await visit()
    await page.getByRole('link', { name: 'Another institution' }).click()
    await page.getByRole('alert').waitFor()
    assert.match(await page.getByRole('alert').innerText(), /does not answer just now/)
    await signIn(page, 'bob')
    await page.waitForURL(/\/hub\/home$/)
  })

  it('proves itself by a key instead of a secret, and by another key not at all', async () => {
    const page = await visit()
    await signIn(page, 'bob', 'With a key')
    await page.waitForURL(/\/hub\/home$/)
    assert.equal((await userOf(page))?.name, 'bob')
    const other = await visit()
    await signIn(other, 'bob', 'With a wrong key')
    await other.getByRole('alert').waitFor()
    assert.ok(await isSignedOut(other))
  })

  it('lets two tabs sign in at once', async () => {
    const page = await visit('hub/history')
    const second = await page.context().newPage()
    await second.goto(`${site.url}hub/login`)
    await chooseCampus(page)
    await chooseCampus(second)
    await page.getByLabel('Name').fill('bob')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/hub\/history$/)
    await second.getByLabel('Name').fill('bob')
    await second.getByRole('button', { name: 'Sign in' }).click()
    await second.waitForURL(/\/hub\/home$/)
  })

  it('refuses an answer that was caught and played elsewhere or again', async () => {
    const page = await visit()
    const caught: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/hub/login/campus/callback')) caught.push(request.url())
    })
    await signIn(page, 'bob')
    await page.waitForURL(/\/hub\/home$/)
    const [answer = ''] = caught
    assert.match(answer, /[?&]code=/)
    const thief = await visit()
    await thief.goto(answer)
    assert.match(await thief.getByRole('alert').innerText(), /has not started this sign-in/)
    assert.ok(await isSignedOut(thief))
    await page.goto(answer)
    assert.ok(new URL(page.url()).pathname.endsWith('/hub/home'), 'the one who is signed in stays so')
  })

  it('signs out of both, from a form, and asks anew afterwards', async () => {
    const page = await visit()
    await signIn(page, 'bob')
    await page.waitForURL(/\/hub\/home$/)
    await page.evaluate((action) => {
      const form = document.createElement('form')
      form.method = 'post'
      form.action = action
      const token = document.createElement('input')
      token.name = '_xsrf'
      token.value = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
      form.append(token)
      document.body.append(form)
      form.submit()
    }, `${site.url}hub/logout`)
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.waitForURL(/\/hub\/login\?out=1/)
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await chooseCampus(page) // the provider asks who it is: its session has ended
    assert.ok(await isSignedOut(page))
  })

  it('ends a sign-in when its person signs out at the provider', async () => {
    const page = await visit()
    await signIn(page, 'bob')
    await page.waitForURL(/\/hub\/home$/)
    const there = await page.context().newPage()
    await there.goto(`${provider.issuer}/session/end`)
    await there.getByRole('button', { name: 'Yes, sign me out' }).click()
    await until('the sign-in here has ended', () => isSignedOut(page), 60_000)
    assert.match(site.command('audit', `--config=${site.configFile}`), /signed out at the provider/)
  })

  it('asks again: other groups count, silence ends nothing, a refusal ends it', async () => {
    const page = await visit()
    await signIn(page, 'alice', 'Asked about often')
    await page.waitForURL(/\/hub\/home$/)
    assert.equal((await userOf(page))?.admin, true)
    provider.people.set('alice', { groups: ['hpc'] })
    await until('alice is an administrator no longer', async () => (await userOf(page))?.admin === false, 90_000)

    provider.setDown(true)
    const line = /"msg":"cannot ask about a sign-in"/g
    const before = site.log().match(line)?.length ?? 0
    await until('the provider was asked in vain', () => (site.log().match(line)?.length ?? 0) > before, 90_000)
    assert.ok(!(await isSignedOut(page)))
    provider.setDown(false)

    await provider.revoke('alice')
    await until('the sign-in has ended', () => isSignedOut(page), 90_000)
    assert.match(site.command('audit', `--config=${site.configFile}`), /the provider refuses/)
  })

  it('leaves no token and no secret in the log', () => {
    const text = site.log()
    assert.ok(!text.includes(provider.secret))
    assert.doesNotMatch(text, /eyJ[\w-]{20,}|refresh_token|code=|PRIVATE KEY/)
  })
})

/** Sign-in with the machine's own passwords: an unprivileged hub, a real saslauthd, real PAM, a real browser. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findAccount } from '../../packages/batchway/src/cli/start/served-account.ts'
import { askSaslauthd, longestBytes } from '../../packages/batchway/src/people/logins/saslauthd.ts'
import { openBrowser } from './support/browser.ts'
import { type RealPam, realPam } from './support/real-pam.ts'
import { openSite, type Site } from './support/site.ts'

describe('sign-in with PAM', () => {
  let pam: RealPam
  let site: Site
  let browser: Browser
  const contexts: BrowserContext[] = []

  before(async () => {
    const hub = findAccount('batchway')
    assert.ok(hub)
    pam = await realPam(hub)
    site = await openSite({
      instance: 'o2',
      change: (config) => {
        config.signIn = [{ type: 'pam', service: pam.service, socket: pam.socket, groups: true }, { type: 'link' }]
        config.people = { groups: { claim: 'groups', only: ['bwpam*'] }, adminGroups: [pam.group] }
      },
    })
    browser = await openBrowser()
  })
  after(async () => {
    for (const context of contexts) await context.close()
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    await pam?.[Symbol.asyncDispose]()
  })

  async function tryToSignIn(username: string, password: string): Promise<Page> {
    const context = await browser.newContext()
    context.setDefaultTimeout(60_000)
    contexts.push(context)
    const page = await context.newPage()
    await page.goto(`${site.url}hub/login`)
    await page.getByLabel('Username').fill(username)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    return page
  }
  async function alertOf(page: Page): Promise<string> {
    await page.getByRole('alert').waitFor()
    return page.getByRole('alert').innerText()
  }

  it('lets the hub ask, which can read no password file', () => {
    const status = readFileSync(`/proc/${site.pidOf('hub')}/status`, 'utf8')
    assert.doesNotMatch(status, /^Uid:\t0/m)
    assert.match(status, /^CapEff:\t0+$/m)
  })
  it('signs a person in under the account’s name, with its groups and the role of one', async () => {
    const page = await tryToSignIn(pam.member, pam.password)
    await page.waitForURL(/\/hub\/home$/)
    const words = site.command('audit', `--config=${site.configFile}`)
    assert.match(words, new RegExp(`${pam.member} +sign-in +${pam.member} .*by pam`))
    assert.match(words, new RegExp(`admin-granted +${pam.member}`))
    await page.goto(`${site.url}hub/logout`)
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await page.goto(`${site.url}hub/home`)
    assert.match(page.url(), /\/hub\/login\?next=/)
  })
  it('refuses a wrong password and an unknown name with the same words', async () => {
    for (const [name, password] of [
      [pam.member, `${pam.password}x`],
      [pam.member, pam.password.slice(0, -1)],
      [pam.member, ' '],
      ['nobodyofthatname', pam.password],
      [pam.member, 'x'.repeat(300)],
    ] as const)
      assert.equal(await alertOf(await tryToSignIn(name, password)), 'The username or the password is wrong.')
  })
  it('tells an expired account so, and only with its password', async () => {
    assert.match(await alertOf(await tryToSignIn(pam.expired, pam.password)), /has expired or is locked/)
    assert.match(await alertOf(await tryToSignIn(pam.expired, 'wrong')), /The username or the password is wrong/)
  })
  it('takes the longest password that the daemon takes, and no longer one reaches it', async () => {
    const ask = (password: string) => askSaslauthd(pam.socket, { username: pam.member, password, service: pam.service })
    assert.deepEqual(await ask('x'.repeat(longestBytes)), { kind: 'wrong' })
    await assert.rejects(ask('x'.repeat(longestBytes + 1)), RangeError)
    assert.deepEqual(await ask(pam.password), { kind: 'right' })
  })
  it('says when the daemon is not there, in general words; the log says what to do', async () => {
    await pam.stop()
    assert.match(await alertOf(await tryToSignIn(pam.member, pam.password)), /cannot be checked just now/)
    assert.match(site.log(), /saslauthd does not run: install it/)
    await pam.start()
    const page = await tryToSignIn(pam.member, pam.password)
    await page.waitForURL(/\/hub\/home$/)
  })
  it('leaves no password in the log', () => {
    assert.ok(!site.log().includes(pam.password.slice(0, 12)))
  })
})

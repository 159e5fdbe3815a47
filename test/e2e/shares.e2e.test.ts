/** A server that is shared: its guest comes in by their own sign-in, in a real browser, and is out when the share is taken back. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openBrowser, signIn } from './support/browser.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, type Visitor, visitorOf } from './support/visitor.ts'

describe('a shared server', () => {
  let site: Site
  let browser: Browser
  let alice: Visitor
  let bob: BrowserContext
  before(async () => {
    site = await openSite({
      instance: 'x1',
      change(config) {
        const scopes = ['shares!user', 'read:users:name', 'read:groups:name']
        config.roles = { sharers: { scopes, users: ['alice'] } }
      },
    })
    alice = await visitorOf(site, 'alice')
    await startServer(alice, 'local-lab')
    browser = await openBrowser()
    bob = await signIn(browser, site, 'bob')
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  const lab = () => `${site.url}user/alice/lab`
  const share = async (method: 'POST' | 'PATCH'): Promise<void> => {
    const { status, body } = await alice.api('/shares/alice/', { method, body: JSON.stringify({ user: 'bob' }) })
    assert.equal(status, 200, body)
  }
  /** Opens the address as a person does, and says yes where the hub asks. */
  async function visit(page: Page): Promise<number> {
    const answer = await page.goto(lab())
    const yes = page.getByRole('button', { name: 'Allow' })
    if (!(await yes.isVisible())) return answer?.status() ?? 0
    const [landed] = await Promise.all([
      page.waitForResponse((response) => response.url().startsWith(lab())),
      yes.click(),
    ])
    return landed.status()
  }
  const meOf = (page: Page) =>
    page.evaluate(async () => {
      const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
      return (await fetch('/user/alice/api/me', { headers: { 'X-XSRFToken': xsrf } })).text()
    })
  const connection = (page: Page) =>
    page.evaluate(async () => {
      const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? ''
      const made = await fetch('/user/alice/api/terminals', { method: 'POST', headers: { 'X-XSRFToken': xsrf } })
      const { name } = await made.json()
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/user/alice/terminals/websocket/${name}`)
      Object.assign(window, { shared: socket })
      return new Promise<string>((resolve) => {
        socket.onmessage = () => resolve('open')
        socket.onclose = () => resolve('closed')
      })
    })
  const isOpen = (page: Page) => page.evaluate(() => Reflect.get(window, 'shared').readyState === WebSocket.OPEN)

  it('is closed to others until it is shared', async () => {
    const page = await bob.newPage()
    assert.equal(await visit(page), 403)
    await page.close()
  })

  it('is opened by its guest as themselves, and closed to them, streams and all, when the share is taken back', async (t) => {
    await share('POST')
    const page = await bob.newPage()
    await until('bob is in', async () => (await visit(page)) === 200)
    assert.match(await meOf(page), /"username": *"bob"/)
    assert.equal(await connection(page), 'open')
    // What stays open is the counterpart: nothing else ended it.
    const { status } = await alice.open('/user/alice/lab')
    assert.equal(status, 200)
    assert.equal(await isOpen(page), true)

    const since = performance.now()
    await share('PATCH')
    await until('his terminal is closed', async () => !(await isOpen(page)), 60_000)
    t.diagnostic(`closed ${Math.round(performance.now() - since)} ms after it was taken back`)
    const next = await bob.newPage()
    assert.equal(await visit(next), 403)
    assert.equal((await alice.open('/user/alice/lab')).status, 200)
  })

  it('is opened by an invitation, which does nothing before its button is pressed', async () => {
    const { status, body } = await alice.api('/share-codes/alice/', { method: 'POST', body: '{}' })
    assert.equal(status, 200, body)
    const { full_accept_url: address, accept_url: path } = JSON.parse(body)
    const page = await bob.newPage()
    await page.goto(address ?? new URL(path, site.url).href)
    const other = await bob.newPage()
    assert.equal(await visit(other), 403)
    await page.getByRole('button', { name: /accept/i }).press('Enter')
    await page.waitForLoadState()
    await until('bob is in', async () => (await visit(other)) === 200)
  })
})

/**
 * A JupyterHub of its own, unmodified, with our proxy in configurable-http-proxy's place: 3.0 of Debian and 5.2, started by the hub and
 * running by itself, with its own TLS between hub, proxy and servers. A person in a real browser signs in, starts a server and has a kernel.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from './support/browser.ts'
import { type HubSite, openHubSite } from './support/jupyterhub-site.ts'
import { openKernel } from './support/kernel.ts'
import { until } from './support/until.ts'

describe('JupyterHub with our proxy', () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  /** From the first address to the page of a running server. */
  async function enter(site: HubSite): Promise<Page> {
    const context = await browser.newContext()
    context.setDefaultTimeout(120_000)
    const page = await context.newPage()
    await page.goto(`${site.url}/`)
    assert.match(page.url(), /\/hub\/login/)
    await page.locator('#username_input').fill('carol')
    await page.locator('#password_input').fill('x')
    await page.locator('#login_submit').click()
    await page.waitForURL(/\/user\/carol\/(tree|lab)/, { waitUntil: 'commit' })
    return page
  }

  it('3.0 starts it with internal TLS on every side, and a server behind it has a kernel', async () => {
    await using site = await openHubSite({ version: '3.0', startsProxy: true, internalSsl: true })
    assert.match(site.version, /^3\.0/)
    const page = await enter(site)
    const kernel = await openKernel(page, '/user/carol/')
    assert.equal(await kernel.run('print(6 * 7)'), '42')
    await page.context().close()
  })

  it('5.2 starts it with internal TLS on every side, and a server behind it has a kernel', async () => {
    await using site = await openHubSite({ version: '5.2', startsProxy: true, internalSsl: true })
    assert.match(site.version, /^5\.2/)
    const page = await enter(site)
    const kernel = await openKernel(page, '/user/carol/')
    assert.equal(await kernel.run('print(6 * 7)'), '42')
    await page.context().close()
  })

  it('5.2 starts it', async () => {
    await using site = await openHubSite({ version: '5.2', startsProxy: true, internalSsl: false })
    assert.match(site.version, /^5\.2/)
    const page = await enter(site)
    const kernel = await openKernel(page, '/user/carol/')
    assert.equal(await kernel.run('print(6 * 7)'), '42')
    assert.deepEqual([...(await site.routes())].sort(), ['/', '/user/carol'])
    await page.context().close()
  })

  it('5.2 finds it running: while the hub is away and after it nothing is cut', async () => {
    await using site = await openHubSite({ version: '5.2', startsProxy: false, internalSsl: false })
    const page = await enter(site)
    const kernel = await openKernel(page, '/user/carol/')
    await kernel.run('x = 6')

    await site.killHub()
    // The hub's page of errors is away with it: then ours is shown.
    const away = await fetch(`${site.url}/hub/home`, { headers: { Accept: 'text/html' } })
    assert.deepEqual(
      [away.status, /<h1>(.*)<\/h1>/.exec(await away.text())?.[1]],
      [503, 'The application does not answer'],
    )
    assert.equal(await kernel.run('print(x * 7)'), '42')
    await site.startHub()
    await until('the hub has looked at the routes', async () => (await site.routes()).includes('/user/carol'))
    assert.equal(await kernel.run('print(x * 8)'), '48')
    assert.equal(await kernel.closes(), 0)
    // The hub still knows the server: the page is open to the same visitor without another start.
    await page.goto(`${site.url}/user/carol/api/status`)
    assert.match(page.url(), /\/user\/carol\/api\/status/)
    assert.match(await page.locator('body').innerText(), /"kernels": ?1/)
    await page.context().close()
  })
})

/**
 * Recipes of a page: what a script in an application, which shares the gateway's host name, can do with the browser of the person who looks
 * at it. Each counterpart is the same attack at a door of the same site where that one defence is taken away.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { sessionsOf } from './support/api.ts'
import { openBrowser, signIn } from './support/browser.ts'
import { withPages } from './support/pages-profile.ts'
import { openSite, type Site } from './support/site.ts'
import { until } from './support/until.ts'
import { startServer, visitorOf } from './support/visitor.ts'
import { openWeakened, type Weakening } from './support/weakened.ts'

const base = '/jupyter/'

describe('a script in an application', () => {
  let site: Site
  let browser: Browser
  let context: BrowserContext

  before(async () => {
    site = await openSite({ base, instance: 'q3', change: withPages })
    const alice = await visitorOf(site, 'alice')
    await startServer(alice, 'local-pages')
    browser = await openBrowser()
    context = await signIn(browser, site, 'alice')
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  /** Her application's page, at the site itself or at a door of it. */
  async function inApplication(url: string, act: (page: Page) => Promise<void>): Promise<void> {
    const page = await context.newPage()
    try {
      await page.goto(`${url}user/alice/`)
      assert.equal(await page.title(), 'Pages')
      await act(page)
    } finally {
      await page.close()
    }
  }
  async function withDefenceOff(change: Weakening, act: (page: Page) => Promise<void>): Promise<void> {
    await using door = await openWeakened(site, change)
    await inApplication(door.url, act)
  }
  const servers = async () => (await sessionsOf(context, site, 'alice')).map(({ server }) => server)

  it('cannot show the hub’s pages in a frame', async () => {
    const framed = (page: Page) =>
      page.evaluate(
        (path) =>
          new Promise<string | null>((resolve) => {
            const frame = document.createElement('iframe')
            frame.src = path
            frame.onload = () => {
              try {
                resolve(frame.contentDocument?.querySelector('input[name=_xsrf]')?.getAttribute('value') ?? null)
              } catch {
                resolve(null) // the browser's own page about a refusal
              }
            }
            document.body.append(frame)
          }),
        `${base}hub/home`,
      )
    await inApplication(site.url, async (page) => assert.equal(await framed(page), null))
    const off: Weakening = {
      response(headers) {
        delete headers['x-frame-options']
        headers['content-security-policy'] = String(headers['content-security-policy']).replace(
          /frame-ancestors[^;]*;/,
          '',
        )
      },
    }
    await withDefenceOff(off, async (page) => assert.match((await framed(page)) ?? '', /^\w+\./))
  })

  it('cannot look into a window of the hub that it opened', async () => {
    async function lookIn(page: Page): Promise<string | null> {
      const opened = context.waitForEvent('page')
      const handle = await page.evaluateHandle((path) => window.open(path), `${base}hub/home`)
      const other = await opened
      await other.locator('main').waitFor()
      const found = await handle.evaluate((window) => {
        try {
          return window?.document.querySelector('input[name=_xsrf]')?.getAttribute('value') ?? null
        } catch {
          return null
        }
      })
      await other.close()
      return found
    }
    await inApplication(site.url, async (page) => assert.equal(await lookIn(page), null))
    const off: Weakening = { response: (headers) => void delete headers['cross-origin-opener-policy'] }
    await withDefenceOff(off, async (page) => assert.match((await lookIn(page)) ?? '', /^\w+\./))
  })

  it('cannot read the hub’s pages with her cookie, so it has no token, and can start nothing', async () => {
    const tokenOf = (page: Page) =>
      page.evaluate(async (path) => {
        for (const options of [
          {},
          { mode: 'same-origin' },
          { mode: 'no-cors' },
          { credentials: 'include', redirect: 'manual' },
        ] as const) {
          const text = await (await fetch(path, options)).text()
          const found = new DOMParser().parseFromString(text, 'text/html').querySelector('input[name=_xsrf]')
          if (found) return found.getAttribute('value')
        }
        return null
      }, `${base}hub/home`)
    const post = (page: Page, token: string | null, server: string) =>
      page.evaluate(
        async ([path, xsrf]) => {
          const fields = { profile: 'local-pages', _shown: 'local-pages', _action: 'start' }
          const body = new URLSearchParams({ ...fields, ...(xsrf !== null && { _xsrf: xsrf }) })
          // Not followed: where it leads is another question.
          const { type, status } = await fetch(path, { method: 'POST', body, redirect: 'manual' })
          return type === 'opaqueredirect' ? 303 : status
        },
        [`${base}hub/spawn/alice/${server}`, token] as const,
      )
    const api = (page: Page) => page.evaluate(async (path) => (await fetch(path)).status, `${base}hub/api/users/alice`)

    await inApplication(site.url, async (page) => {
      assert.equal(await tokenOf(page), null)
      assert.equal(await post(page, null, 'forged'), 403)
      assert.equal(await post(page, 'guess', 'forged'), 403)
      assert.equal(await api(page), 403)
    })
    assert.ok(!(await servers()).includes('forged'))

    const off: Weakening = {
      request(headers) {
        for (const name of ['sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-dest']) delete headers[name]
        delete headers.origin
      },
    }
    await withDefenceOff(off, async (page) => {
      const token = await tokenOf(page)
      assert.match(token ?? '', /^\w+\./)
      // The browser asks for this by itself at some moment, and without the hub's cookies.
      await page.evaluate(() => fetch('/favicon.ico'))
      assert.equal(await post(page, token, 'forged'), 303)
    })
    assert.ok((await servers()).includes('forged'))
  })

  it('cannot read the cookies of her sign-in', async () => {
    const cookiesAt = async (url: string): Promise<string> => {
      let text = ''
      await inApplication(url, async (page) => {
        text = await page.evaluate(() => document.cookie)
      })
      return text
    }
    const kept = await context.cookies(`${site.url}hub/home`)
    const secret = kept.filter(({ name }) => /^jupyterhub-(hub-login|session-id)$/.test(name))
    assert.equal(secret.length, 2)
    const seen = await cookiesAt(site.url)
    for (const { name, value } of secret) assert.ok(!seen.includes(value), name)
    // Counterpart: the same cookie without its mark.
    const id = secret.find(({ name }) => name === 'jupyterhub-session-id')
    assert.ok(id)
    await context.addCookies([{ ...id, httpOnly: false }])
    assert.ok((await cookiesAt(site.url)).includes(id.value))
    await context.addCookies([id])
  })

  it('starts nothing by a link that somebody gave her: it fills in the form, and the button starts', async () => {
    const before = await servers()
    const page = await context.newPage()
    const link = `${site.url}hub/spawn/alice/lured?profile=local-pages&_action=start&_shown=local-pages`
    // As from elsewhere: another host name is another site.
    await page.goto(`${site.url.replace('127.0.0.1', 'localhost')}hub/health`)
    await page.evaluate((href) => location.assign(href), link)
    await page.getByRole('button', { name: 'Start session' }).waitFor()
    assert.equal(await page.locator('input[name=profile][value="local-pages"]').isChecked(), true)
    for (const path of [
      'user/alice/lured/',
      'hub/user/alice/lured/lab',
      'hub/user-redirect/lab',
      'hub/spawn-pending/alice/lured',
    ])
      await page.goto(`${site.url}${path}`)
    assert.deepEqual(await servers(), before)
    await page.goto(link)
    await page.getByRole('button', { name: 'Start session' }).click()
    await until('the button has started it', async () => (await servers()).includes('lured'))
    await page.close()
  })
})

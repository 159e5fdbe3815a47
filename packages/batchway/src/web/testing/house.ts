/** A hub with its pages, a browser, and alice signed in on a first page. */
import assert from 'node:assert/strict'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Facts } from '../../sessions/session.ts'
import { makeSession } from './fake-rooms.ts'
import { type LiveHub, liveHub } from './live-hub.ts'
import type { BenchOptions } from './web-bench.ts'

export interface House extends AsyncDisposable {
  readonly hub: LiveHub
  readonly context: BrowserContext
  readonly page: Page
  /** Errors of scripts and breaches of the policy. */
  readonly complaints: string[]
  url(path: string): string
  put(id: string, facts: Facts, serverName?: string): void
}

export async function openHouse(
  chrome: Browser,
  options: BenchOptions = {},
  browser: BrowserContextOptions = {},
  application: Parameters<typeof liveHub>[1] = null,
): Promise<House> {
  const hub = await liveHub(options, application)
  const context = await chrome.newContext({ viewport: { width: 1280, height: 860 }, ...browser })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const complaints: string[] = []
  context.on('page', listen)
  listen(page)
  function listen(each: Page): void {
    each.on('pageerror', (error) => complaints.push(String(error)))
    each.on('console', (message) => {
      // A page that is answered with 404 or 422 on purpose is reported here as well.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text())
    })
  }
  const url = (path: string) => hub.origin + hub.bench.settings.base + path
  await page.goto(url('hub/login'))
  await page.fill('[name=username]', 'alice')
  await page.click('button')
  await page.waitForURL('**/hub/home')
  return {
    hub,
    context,
    page,
    complaints,
    url,
    put: (id, facts, serverName = '') => {
      const owner = hub.bench.users.get('alice')
      assert.ok(owner)
      const version = (hub.bench.sessions.rows.get(id)?.version ?? 0) + 1
      hub.bench.sessions.put(makeSession(id, owner, facts, { serverName, version }))
    },
    [Symbol.asyncDispose]: async () => {
      await context.close()
      await hub[Symbol.asyncDispose]()
    },
  }
}

/** A real Chromium, and the steps of a person in it. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Site } from './site.ts'
import { until } from './until.ts'

export const shots = resolve(import.meta.dirname, '../../../test-output/shots')

/** @param hosts names that lead to this machine, by certificates of our own; `*.` before a name stands for all below it. */
export function openBrowser(hosts: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...(hosts.length === 0
        ? []
        : [
            `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`,
            // What a context ignores does not hold for service workers.
            '--ignore-certificate-errors',
          ]),
    ],
  })
}

/** Sign in with a fresh link, by the button on its page. */
export async function signIn(
  browser: Browser,
  site: Pick<Site, 'link'>,
  user: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  await page.goto(await site.link(user))
  await page.locator('main form button').first().click()
  await page.waitForURL(/\/hub\/home/)
  // The page stays: Chromium opens a tab beside it, instead of a window while the last one closes.
  await page.goto('about:blank')
  return context
}

const openPageMs = 30_000

/** A new page, where several tests open and close theirs at once: Chromium has left such a request without an answer, for ever. */
export async function openPage(context: BrowserContext, triesLeft = 3): Promise<Page> {
  const giveUp = new AbortController()
  const late = delay(openPageMs, null, { signal: giveUp.signal }).catch(() => null)
  const page = await Promise.race([context.newPage(), late])
  giveUp.abort()
  if (page) return page
  if (triesLeft <= 1) throw new Error('Chromium opens no page')
  return openPage(context, triesLeft - 1)
}

/**
 * Choose a profile and press the button. Resolves on the waiting page, or on what came instead.
 * @param place `alice/second` for a server with a name; her main one if absent.
 */
export async function launch(page: Page, site: Pick<Site, 'url'>, profile: string, place?: string): Promise<void> {
  await page.goto(`${site.url}hub/spawn${place === undefined ? '' : `/${place}`}`)
  await page.locator(`input[name=profile][value="${profile}"]`).check()
  // The fields of the chosen profile have to be on the page: the form starts nothing that was not shown.
  await page.locator(`#launch-shown[value="${profile}"]`).waitFor({ state: 'attached' })
  await page.getByRole('button', { name: 'Start session' }).click()
  try {
    await page.waitForURL((url) => !/\/hub\/spawn(\/|$)/.test(url.pathname))
  } catch (cause) {
    throw new Error(`nothing was started: ${await page.locator('main').innerText()}`, { cause })
  }
}

/** Press Stop on the home page, and wait until the session has ended: until then its server is not free for another. */
export async function stopFromHome(page: Page, site: Pick<Site, 'url'>): Promise<void> {
  await page.goto(`${site.url}hub/home`)
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click()
  await page.waitForLoadState()
  await until(
    'no session is left on the home page',
    async () => {
      await page.goto(`${site.url}hub/home`)
      return (await page.locator('article.bw-session').count()) === 0
    },
    60_000,
  )
}

/** Screenshots of a page in light and dark at 1280 px, and in light at 360 px. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true })
  for (const [scheme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: width === 360 ? 740 : 900 })
    await page.screenshot({ path: join(shots, `${name}-${scheme}-${width}.png`), fullPage: true })
    const isOverflowing = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    )
    assert.equal(isOverflowing, false, `${name} scrolls sideways at ${width} px`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 900 })
}

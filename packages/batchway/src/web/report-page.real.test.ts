/** The page of the report in a real Chromium: axe, keyboard, narrow. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { reportOfStarts } from '../report/read-events.ts'
import type { Start } from '../report/start.ts'
import { makeUser, noon } from './testing/fake-rooms.ts'
import { foundingStarts } from './testing/founding-starts.ts'
import { type LiveHub, liveHub } from './testing/live-hub.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
/** Where pictures of the page go, for who wants to look at them. */
const shots = process.env.BATCHWAY_SHOTS

const [one] = foundingStarts
assert.ok(one)
const crowd: readonly Start[] = [
  ...foundingStarts,
  ...Array.from({ length: 120 }, (_, n) => ({ ...one, id: `c${n}`, user: `person-with-a-long-name-${n}` })),
  { ...one, id: 'rtl', user: 'נעמי' },
]

describe('the page of the report in a browser', () => {
  let chrome: Browser
  let hub: LiveHub
  before(async () => {
    const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
    chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    const reports = {
      clusters: ['larch', 'mesabim3'],
      make: async (query: Parameters<typeof reportOfStarts>[1]) =>
        reportOfStarts(query.cluster === 'larch' ? [] : crowd, query, noon),
    }
    hub = await liveHub({ now: () => noon, reports })
    hub.bench.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
  })
  after(async () => {
    await chrome.close()
    await hub[Symbol.asyncDispose]()
  })

  async function signedIn(): Promise<Page> {
    const context = await chrome.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' })
    context.setDefaultTimeout(60_000)
    // Not a script of the page: its policy allows none but its own.
    await context.addInitScript({ content: axe })
    const page = await context.newPage()
    await page.goto(`${hub.origin}/hub/login`)
    await page.fill('[name=username]', 'bob')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/home')
    return page
  }
  const findings = (page: Page) =>
    page.evaluate<string[]>(
      `axe.run(document, ${JSON.stringify({ ...rules, resultTypes: ['violations'] })}).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
    )
  async function shot(page: Page, name: string): Promise<void> {
    if (shots === undefined) return
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  }

  it('is readable for everybody, wide and narrow, light, dark and with more contrast', async () => {
    const page = await signedIn()
    for (const [name, query] of [
      ['usual', ''],
      ['all', '?columns=all&page=2&sort=username'],
      ['wrong', '?from=x'],
      ['empty', '?cluster=larch'],
    ] as const) {
      await page.goto(`${hub.origin}/hub/admin/report${query}`)
      for (const width of [1280, 360])
        for (const [colorScheme, contrast] of [
          ['light', 'no-preference'],
          ['dark', 'no-preference'],
          ['light', 'more'],
          ['dark', 'more'],
        ] as const) {
          await page.setViewportSize({ width, height: 860 })
          await page.emulateMedia({ colorScheme, contrast })
          const what = `${name} ${colorScheme} ${contrast} ${width}`
          assert.deepEqual(await findings(page), [], what)
          const spill = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
          assert.ok(spill <= 0, `${what}: ${spill} px too wide`)
          if (contrast === 'no-preference') await shot(page, `report-${name}-${colorScheme}-${width}`)
        }
    }
    await page.context().close()
  })

  it('is found in the menu, asked and sorted by keyboard alone', async () => {
    const page = await signedIn()
    const words = `(() => { const it = document.activeElement
      return it.labels?.[0]?.innerText || it.getAttribute('aria-label') || it.innerText || '' })()`
    const tabTo = async (wanted: RegExp): Promise<void> => {
      for (let tries = 0; tries < 80; tries += 1) {
        await page.keyboard.press('Tab')
        if (wanted.test((await page.evaluate<string>(words)).replace(/\s+/g, ' ').trim())) return
      }
      assert.fail(`Tab does not lead to ${wanted}`)
    }
    await tabTo(/^bob$/)
    await page.keyboard.press('Enter')
    await tabTo(/^Nightly report$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin/report')
    await tabTo(/^By$/)
    await page.keyboard.press('ArrowDown')
    await tabTo(/^Show$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**by=profile**')
    await tabTo(/^Table of starts/)
    await tabTo(/^Failures$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**sort=-failures**')
    assert.equal(await page.locator('th[aria-sort=descending]').innerText(), 'Failures')
    assert.match(page.url(), /by=profile/)
    await page.context().close()
  })
})

/** The pages for administrators on an assembled hub, in a real Chromium: by keyboard, narrow, and through axe; and a theme, live. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openBrowser, openPage, signIn } from './support/browser.ts'
import { openSite, type Site } from './support/site.ts'
import { withTour } from './support/tour.ts'
import { until } from './support/until.ts'
import { startServer, type Visitor, visitorOf } from './support/visitor.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** Everything unfolded, at both widths and in both looks; and nothing to scroll sideways for. */
async function assertGood(page: Page): Promise<void> {
  await page.evaluate(`for (const fold of document.querySelectorAll('main details')) fold.open = true`)
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 800 })
    const where = `${new URL(page.url()).pathname}, ${colorScheme}, ${width} px`
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, where)
    const found = await page.evaluate<Violation[]>(
      `axe.run(document, ${JSON.stringify({ runOnly: rules, resultTypes: ['violations'] })}).then(({ violations }) => violations)`,
    )
    assert.deepEqual(
      found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)),
      [],
      where,
    )
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}

/** Tab until something of this id or name holds the focus. */
async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press('Tab')
    const words = await page.evaluate<string>(
      `(() => { const it = document.activeElement; return '#' + it.id + ' ' + (it.getAttribute('aria-label') || it.labels?.[0]?.innerText || it.innerText || '').replace(/\\s+/g, ' ').trim() })()`,
    )
    if (wanted.test(words)) return
    passed.push(words)
  }
  assert.fail(`${wanted} was not reached; passed: ${passed.join(' | ')}`)
}

describe('administration of a site that runs', () => {
  const themeFolder = mkdtempSync('/var/tmp/batchway-theme-')
  let site: Site
  let browser: Browser
  let alice: Visitor
  let bob: BrowserContext
  let page: Page
  before(async () => {
    chmodSync(themeFolder, 0o755)
    cpSync(resolve(import.meta.dirname, '../../examples/theme'), themeFolder, { recursive: true })
    site = await openSite({
      instance: 'ad',
      change(config) {
        withTour(config)
        config.theme = themeFolder
      },
    })
    alice = await visitorOf(site, 'alice')
    await startServer(alice, 'desktop')
    browser = await openBrowser()
    bob = await signIn(browser, site, 'bob')
    await bob.addInitScript({ content: axe })
    page = await openPage(bob)
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
    rmSync(themeFolder, { recursive: true, force: true })
  })

  it('who is on is reached by keyboard from home, and shows what runs', async () => {
    await page.goto(`${site.url}hub/home`)
    await tabTo(page, /^# Admin$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin')
    await page.locator('[id="u-alice"] .bw-chip:has-text("Ready")').waitFor()
    // Whatever this site talks to tells how it is; each by its own name.
    for (const name of ['This machine', 'Larch', 'Proxy', 'Database'])
      assert.equal(await page.locator('#admin-health strong', { hasText: name }).count(), 1, name)
    await assertGood(page)
  })

  it('an announcement is written by keyboard, stands on alice’s open page, and is withdrawn', async () => {
    const hers = await signIn(browser, site, 'alice')
    const open = await openPage(hers)
    await open.goto(`${site.url}hub/home`)
    await page.goto(`${site.url}hub/admin`)
    await tabTo(page, /^#a-t /)
    await page.keyboard.type('Maintenance at noon.')
    await tabTo(page, /^# Announce$/)
    await page.keyboard.press('Enter')
    await open.locator('#banners >> text=Maintenance at noon.').waitFor()
    await page.locator('#admin-announced >> text=Maintenance at noon.').waitFor()
    await assertGood(page)
    await tabTo(page, /Withdraw: Maintenance at noon\./)
    await page.keyboard.press('Enter')
    await open.locator('#banners >> text=Maintenance at noon.').waitFor({ state: 'detached' })
    await hers.close()
  })

  it('a drain is set by keyboard, refuses a start, leaves what runs, and is ended', async () => {
    await page.goto(`${site.url}hub/admin`)
    await tabTo(page, /^#d-c /)
    await page.selectOption('#d-c', 'local')
    await tabTo(page, /^#d-r /)
    await page.keyboard.type('New disks')
    await page.keyboard.press('Enter')
    await page.locator('#admin-drains >> text=New disks').waitFor()
    await assertGood(page)
    const body = JSON.stringify({ user_options: { profile: 'desktop' } })
    const refused = await alice.api('/users/alice/servers/second', { method: 'POST', body })
    assert.ok(refused.status >= 400, refused.body)
    assert.match(refused.body, /New disks/)
    assert.equal(JSON.parse((await alice.api('/users/alice')).body).servers[''].ready, true)
    await tabTo(page, /End it: drain of/)
    await page.keyboard.press('Enter')
    await page.locator('#admin-drains >> text=New disks').waitFor({ state: 'detached' })
  })

  it('a person is found and looked at, and their session is stopped', async () => {
    await page.goto(`${site.url}hub/admin`)
    await tabTo(page, /^#f-q /)
    await page.keyboard.type('alic')
    await page.keyboard.press('Enter')
    await page.waitForURL('**q=alic*')
    await tabTo(page, /^# alice$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin/users/alice')
    await assertGood(page)
    await tabTo(page, /^# Stop|Stop Desktop/)
    // Answered before the page is left: else the browser would take the form back.
    await Promise.all([
      page.waitForResponse((answer) => answer.request().method() === 'POST'),
      page.keyboard.press('Enter'),
    ])
    await page.waitForURL('**/hub/admin/users/alice*')
    await until(
      'her session is over, and stands among those that ended',
      async () => {
        await page.goto(`${site.url}hub/admin/users/alice`)
        return (await page.locator('#person-ended >> text=Desktop on this machine').count()) > 0
      },
      90_000,
    )
  })

  it('the audit log has all of it, by filter and as CSV', async () => {
    await page.goto(`${site.url}hub/admin/audit`)
    await tabTo(page, /^#au-actor /)
    await page.keyboard.type('bob')
    await page.keyboard.press('Enter')
    await page.waitForURL('**actor=bob*')
    const words = await page.locator('main table').innerText()
    for (const action of [/announce/, /drain/, /stop/]) assert.match(words, action)
    await assertGood(page)
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("CSV")')])
    assert.match(readFileSync(await file.path(), 'utf8'), /bob/)
  })

  it('the report counts what was started today, by user and by cluster', async () => {
    const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
    await page.goto(`${site.url}hub/admin/report?from=${day(-1)}&to=${day(2)}`)
    assert.match(await page.locator('main table').innerText(), /alice/)
    await assertGood(page)
    await page.selectOption('#r-by', 'cluster')
    await tabTo(page, /^# Show$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**by=cluster**')
    assert.match(await page.locator('main table').innerText(), /local|This machine/)
  })

  it('a theme is there, an edit of it shows on the next page, and a slip shows ours and one line in the log', async () => {
    await page.goto(`${site.url}hub/home`)
    assert.match(await page.title(), / · Northfield Jupyter$/)
    await assertGood(page)
    const footer = join(themeFolder, 'blocks/footer.liquid')
    writeFileSync(footer, '<footer class="bw-foot"><div class="bw-wrap"><p>Ours, {{ user.name }}</p></div></footer>')
    await page.reload()
    assert.equal(await page.locator('footer').innerText(), 'Ours, bob')
    writeFileSync(footer, '<footer><script>document.title = "run"</script></footer>')
    for (let look = 0; look < 3; look++) {
      await page.reload()
      assert.match(await page.locator('footer').innerText(), /Northfield Computing Centre/)
    }
    const told = site
      .log()
      .split('\n')
      .filter((line) => line.includes('blocks/footer.liquid'))
    assert.equal(told.length, 1, told.join('\n'))
    assert.throws(
      () => site.command('theme', 'check', `--config=${site.configFile}`),
      /footer\.liquid:1: <script>|Command failed/,
    )
  })
})

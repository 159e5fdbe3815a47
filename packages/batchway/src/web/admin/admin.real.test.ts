/** The pages for administrators in a real Chromium: live, by keyboard alone, without JavaScript, and narrow. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { busySite } from '../testing/busy-site.ts'
import { factsOf, makeSession, makeUser } from '../testing/fake-rooms.ts'
import { type LiveHub, liveHub } from '../testing/live-hub.ts'
import { poll } from '../testing/poll.ts'

let chrome: Browser
before(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
  chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(() => chrome.close())

interface House extends AsyncDisposable {
  readonly hub: LiveHub
  readonly page: Page
  /** What the browser complained about: a page of ours gives no reason. */
  readonly complaints: string[]
  url(path: string): string
  /** Another person's browser. */
  enter(name: string): Promise<Page>
}

async function house(browser: BrowserContextOptions = {}): Promise<House> {
  const undo = new AsyncDisposableStack()
  const hub = undo.use(await liveHub())
  await busySite(hub.bench)
  const complaints: string[] = []
  const url = (path: string) => `${hub.origin}/${path}`
  const enter = async (name: string): Promise<Page> => {
    const context = await chrome.newContext({
      viewport: { width: 1280, height: 860 },
      reducedMotion: 'reduce',
      ...browser,
    })
    undo.defer(() => context.close())
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(url('hub/login'))
    await page.fill('[name=username]', name)
    await page.click('form button')
    await page.waitForURL('**/hub/home')
    return page
  }
  const page = await enter('bob')
  return { hub, page, complaints, url, enter, [Symbol.asyncDispose]: () => undo.disposeAsync() }
}

/** Tab until something of this name or id holds the focus. */
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

describe('who is on, live', () => {
  it('leads to the forms that its buttons name', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/admin'))
    for (const name of ['Announce', 'Drain']) {
      await page.click(`.bw-head >> text=${name}`)
      await poll(async () => (await page.evaluate('document.activeElement.textContent')) === name)
    }
  })

  it('keeps what is typed where its person has signed out and in elsewhere, and sends it then', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/admin'))
    await page.fill('#a-t', 'Wartung am Dienstag')
    const tab = await page.context().newPage()
    await tab.goto(h.url('hub/logout'))
    await tab.fill('[name=username]', 'bob')
    await tab.click('main form button')
    await tab.waitForURL('**/hub/home')
    const announce = () => page.click('form[action$="/announcements"] > button')
    await announce()
    await page.waitForSelector('#errors:has-text("The form is too old")')
    assert.equal(await page.inputValue('#a-t'), 'Wartung am Dienstag')
    await announce()
    await page.waitForSelector('#banners >> text=Wartung am Dienstag')
  })

  it('follows the sessions of others by itself, and leaves what is typed and unfolded alone', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/admin'))
    await page.fill('#a-t', 'Half a sent')
    await page.click('#chart-sessions summary')
    const erin = h.hub.bench.users.get('erin')
    assert.ok(erin)
    h.hub.bench.sessions.put(makeSession('on2', erin, factsOf.ready))
    await page.waitForSelector('[id="u-erin"] .bw-chip:has-text("Ready")')
    h.hub.bench.sessions.put(makeSession('new', h.hub.bench.users.get('bob') ?? makeUser(2, 'bob'), factsOf.submitting))
    await page.waitForSelector('[id="u-bob"] .bw-chip:has-text("Submitting")')
    assert.equal(await page.inputValue('#a-t'), 'Half a sent')
    assert.equal(await page.locator('#chart-sessions details').getAttribute('open'), '')
    assert.match(await page.title(), /^Admin: 37 people on/)
    assert.deepEqual(h.complaints, [])
  })
})

describe('announcements, live', () => {
  it('appear on open pages of whom they are for, the waiting page and the launch form too, are read out, and go', async () => {
    await using h = await house()
    const bench = h.hub.bench
    for (const { id } of bench.announcements.list()) await bench.announcements.withdraw(id)
    const [waiting, launching] = [await h.enter('dave'), await h.enter('alice')]
    await waiting.goto(h.url('hub/spawn-pending/dave'))
    await launching.goto(h.url('hub/spawn'))
    await launching.fill('#f-memory', '17')
    // Each browser has one.
    await poll(() => h.hub.streams() >= 3)

    await h.page.goto(h.url('hub/admin'))
    await h.page.fill('#a-t', 'The machine room is too warm.')
    await h.page.locator('form[action$="/announcements"] button').click()
    await h.page.waitForSelector('#banners:has-text("too warm")')
    h.hub.tellAnnouncements()
    for (const page of [waiting, launching]) {
      await page.waitForSelector('#banners:has-text("The machine room is too warm.")')
      assert.match((await page.textContent('#announce')) ?? '', /too warm/)
    }
    assert.equal(await launching.inputValue('#f-memory'), '17', 'what was typed stays')

    await h.page.click('button:has-text("Withdraw")')
    await h.page.waitForSelector('button:has-text("Withdraw")', { state: 'detached' })
    h.hub.tellAnnouncements()
    for (const page of [waiting, launching])
      await page.waitForSelector('#banners:has-text("too warm")', { state: 'detached' })
    assert.deepEqual(h.complaints, [])
  })
})

describe('by keyboard alone', () => {
  it('somebody is found, looked at, stopped and started for', async () => {
    await using h = await house()
    const { page } = h
    await tabTo(page, /Admin$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin')
    await tabTo(page, /^#f-q /)
    await page.keyboard.type('alice')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin?q=alice*')
    await tabTo(page, /Stop 2 sessions of alice/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[id="u-alice"] .bw-chip:has-text("Stopping")')
    assert.equal(h.hub.bench.sessions.rows.get('on0')?.facts.state, 'stopping')
    await tabTo(page, /^# alice$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin/users/alice')
    await tabTo(page, /^#st-s /)
    await page.keyboard.type('third')
    await tabTo(page, /^# Start$/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('td:has-text("Submitting")')
    assert.ok([...h.hub.bench.sessions.rows.values()].some(({ serverName }) => serverName === 'third'))
    assert.deepEqual(h.complaints, [])
  })

  it('a cluster is drained, with its reason in the launch form, and opened again', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/admin'))
    await tabTo(page, /^# Drain$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^#d-r /)
    await page.keyboard.type('Maintenance until noon')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#admin-drains:has-text("Maintenance until noon")')
    const alice = await h.enter('alice')
    await alice.goto(h.url('hub/spawn'))
    await alice.waitForSelector('text=larch takes no new sessions at the moment: Maintenance until noon.')
    await tabTo(page, /End it: drain of larch/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#admin-drains:has-text("Maintenance until noon")', { state: 'detached' })
    assert.equal(h.hub.bench.drains.refusal('larch'), null)
  })
})

describe('without JavaScript', () => {
  it('people are filtered, sorted and stopped, something is announced, the audit log is read', async () => {
    await using h = await house({ javaScriptEnabled: false })
    const { page } = h
    await page.goto(h.url('hub/admin'))
    await page.selectOption('#f-s', 'waiting')
    await page.click('text=Filter')
    await page.waitForURL('**state=waiting**')
    await page.click('thead a:has-text("User")')
    await page.waitForURL('**sort=-user**')
    const stop = page.locator('button:has-text("Stop")').first()
    const name = /of (\S+)$/.exec((await stop.getAttribute('aria-label')) ?? '')?.[1]
    await stop.click()
    await page.waitForURL('**state=waiting**')
    assert.ok(
      [...h.hub.bench.sessions.rows.values()].some((each) => each.userName === name && each.facts.state === 'stopping'),
    )
    await page.fill('#a-t', 'Without a script.')
    await page.locator('form[action$="/announcements"] button').click()
    await page.waitForSelector('#banners >> text=Without a script.')
    await page.click('text=Audit log')
    await page.waitForURL('**/hub/admin/audit')
    await page.click('text=Older')
    await page.waitForURL('**before=**')
  })
})

it('fits 360 and 320 pixels, with long names', async () => {
  await using h = await house()
  const long = makeUser(950, 'a-very-long-name-of-somebody-who-has-married-twice-and-kept-all-names')
  h.hub.bench.users.set(long.name, long)
  h.hub.bench.sessions.put(
    makeSession('long', long, factsOf.ready, { serverName: 'a-server-with-a-name-as-long-as-that-of-its-owner' }),
  )
  await h.hub.bench.announcements.publish({ text: 'W'.repeat(300), to: { kind: 'everyone' }, until: null }, 'bob')
  for (const width of [360, 320]) {
    await h.page.setViewportSize({ width, height: 740 })
    for (const path of ['hub/admin', `hub/admin/users/${long.name}`, 'hub/admin/audit', 'hub/announcements']) {
      await h.page.goto(h.url(path))
      await h.page.evaluate(`for (const fold of document.querySelectorAll('main details')) fold.open = true`)
      assert.equal(await h.page.evaluate('document.documentElement.scrollWidth'), width, `${path} at ${width}`)
    }
  }
})

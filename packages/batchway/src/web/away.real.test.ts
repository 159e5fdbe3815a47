/** Pages that go somewhere, or lose the hub, in a real Chromium: what the person does comes first. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { factsOf } from './testing/fake-rooms.ts'
import { openHouse } from './testing/house.ts'
import { poll } from './testing/poll.ts'

let chrome: Browser
before(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
  chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(() => chrome.close())

const application = (request: Request): Response | null =>
  new URL(request.url).pathname === '/user/alice/lab'
    ? new Response('<title>Lab</title>the application', { headers: { 'Content-Type': 'text/html' } })
    : null

describe('a page that opens the application by itself', () => {
  it('does not, while the person is on the way to another page', async () => {
    await using h = await openHouse(chrome, {}, {}, application)
    const { page } = h
    h.put('s1', factsOf.queued)
    await page.goto(h.url('hub/spawn-pending/alice'))
    await poll(() => h.hub.streams() === 1)
    // A slow network: the answer to the click comes after the news.
    let answer = (): void => {}
    const isAsked = new Promise<void>((asked) => {
      void page.route('**/hub/history', async (route) => {
        asked()
        await new Promise<void>((wake) => {
          answer = wake
        })
        await route.continue()
      })
    })
    await page.click('text=History', { noWaitAfter: true })
    await isAsked
    let opened = 0
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/user/alice/lab') opened++
    })
    // The page has made of the first answer what it makes of it before it asks again.
    for (let times = 0; times < 2; times++) {
      const told = page.waitForResponse((response) => 'hx-redirect' in response.headers())
      h.put('s1', factsOf.ready)
      await Promise.race([told, page.waitForURL('**/user/alice/lab')])
    }
    assert.equal(opened, 0)
    answer()
    await page.waitForURL('**/hub/history')
    await page.waitForSelector('h1:has-text("History")')
    assert.deepEqual(h.complaints, [])
  })

  it('does, a little later, where what was begun was a download', async () => {
    await using h = await openHouse(chrome, {}, {}, application)
    const { page } = h
    await page.clock.install()
    h.put('s0', factsOf.ended, 'before')
    h.put('s1', factsOf.queued)
    await page.goto(h.url('hub/spawn-pending/alice'))
    await poll(() => h.hub.streams() === 1)
    const begun = page.waitForEvent('download')
    // As a link of a site's own theme, which does not say that it is a file.
    await page.evaluate(`location.href = '/hub/sessions/s0/details.json'`)
    assert.equal(await (await begun).failure(), null)
    const told = page.waitForResponse((response) => 'hx-redirect' in response.headers())
    h.put('s1', factsOf.ready)
    await told
    await page.clock.fastForward(30_000)
    await page.waitForURL('**/user/alice/lab')
    assert.deepEqual(h.complaints, [])
  })
})

describe('a page that is open', () => {
  it('says that nobody answers while the hub is away, keeps what it shows, and catches up', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    h.put('s1', factsOf.queued)
    await page.goto(h.url('hub/sessions/s1'))
    await poll(() => h.hub.streams() === 1)
    h.hub.setAway(true)
    await page.waitForSelector('#silent:has-text("Batchway does not answer")')
    await poll(async () => /does not answer/.test((await page.textContent('#announce')) ?? ''))
    assert.match(await page.innerText('h1'), /Waiting for 4 cores/)
    h.put('s1', factsOf.starting)
    h.hub.setAway(false)
    await page.waitForSelector('h1:has-text("JupyterLab is starting")')
    await page.waitForSelector('#silent', { state: 'hidden' })
    assert.deepEqual(h.complaints, [])
  })

  it('tells in its head when that was so, which it shows', async () => {
    let at = Date.now()
    await using h = await openHouse(chrome, { now: () => at })
    const { page } = h
    await poll(() => h.hub.streams() === 1)
    const clock = () => page.getAttribute('.bw-top .bw-clock', 'datetime')
    const before = await clock()
    at += 3_600_000
    h.put('s1', factsOf.queued)
    await page.waitForSelector('article :text("Waiting for 4 cores")')
    assert.equal(Date.parse((await clock()) ?? '') - Date.parse(before ?? '') >= 3_599_000, true)
  })

  it('goes to the sign-in when its person has signed out elsewhere, and back again from there', async () => {
    await using h = await openHouse(chrome)
    const { page, context } = h
    h.put('s1', factsOf.queued)
    await page.goto(h.url('hub/sessions/s1'))
    await poll(() => h.hub.streams() === 1)
    const tab = await context.newPage()
    await tab.goto(h.url('hub/logout'))
    // As the hub ends the streams of a sign-in that is over.
    h.hub.endStreams()
    await page.waitForURL('**/hub/login?next=*')
    await page.fill('[name=username]', 'alice')
    await page.click('main button')
    await page.waitForSelector('h1:has-text("Waiting for 4 cores")')
  })

  it('shows the truth again when its person has signed out and in elsewhere', async () => {
    await using h = await openHouse(chrome)
    const { page, context } = h
    await poll(() => h.hub.streams() === 1)
    const tab = await context.newPage()
    await tab.goto(h.url('hub/logout'))
    await tab.fill('[name=username]', 'alice')
    await tab.click('main button')
    await tab.waitForURL('**/hub/home')
    h.put('s1', factsOf.queued)
    await page.waitForSelector('article :text("Waiting for 4 cores")')
    assert.deepEqual(h.complaints, [])
  })
})

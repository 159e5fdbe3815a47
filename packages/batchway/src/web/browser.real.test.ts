/** The pages in a real Chromium: what only a browser can show. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { factsOf, makeSession, spec as standardSpec } from './testing/fake-rooms.ts'
import { type House, openHouse } from './testing/house.ts'
import type { liveHub } from './testing/live-hub.ts'
import { poll } from './testing/poll.ts'
import type { BenchOptions } from './testing/web-bench.ts'

let chrome: Browser
before(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
  chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(() => chrome.close())

const house = (
  options: BenchOptions = {},
  browser: BrowserContextOptions = {},
  application: Parameters<typeof liveHub>[1] = null,
): Promise<House> => openHouse(chrome, options, browser, application)

const application = (request: Request): Response | null =>
  new URL(request.url).pathname === '/jupyter/user/alice/lab'
    ? new Response('<title>Lab</title>the application', { headers: { 'Content-Type': 'text/html' } })
    : null

describe('live updates', () => {
  it('tell each state in text, title and tab icon, and open the application when it is ready', async () => {
    await using h = await house({ base: '/jupyter/' }, {}, application)
    const { page } = h
    h.put('s1', factsOf.submitting)
    await page.goto(h.url('hub/spawn-pending/alice'))
    await page.waitForSelector('h1:has-text("Asking larch")')
    await poll(() => h.hub.streams() === 1)

    h.put('s1', factsOf.queued)
    await page.waitForSelector('h1:has-text("Waiting for 4 cores in batch")')
    assert.match(await page.title(), /^Waiting: /)
    assert.match((await page.getAttribute('#icon', 'href')) ?? '', /icon-wait\.svg/)
    assert.match((await page.textContent('#announce')) ?? '', /Waiting\. Waiting for 4 cores/)

    h.put('s1', factsOf.starting)
    await page.waitForSelector('h1:has-text("JupyterLab is starting")')
    h.put('s1', factsOf.ready)
    await page.waitForURL('**/jupyter/user/alice/lab')
    assert.deepEqual(h.complaints, [])
  })

  it('leave the button that holds focus alone, and catch up when it is left', async () => {
    await using h = await house()
    const { page } = h
    h.put('s1', factsOf.queued)
    await page.goto(h.url('hub/sessions/s1'))
    await poll(() => h.hub.streams() === 1)
    await page.focus('text=Cancel')

    h.put('s1', factsOf.starting)

    await page.waitForSelector('h1:has-text("JupyterLab is starting")')
    assert.equal(await focused(page), 'Cancel')
    h.put('s1', factsOf.stopping)
    await page.waitForSelector('#announce:has-text("being stopped")', { state: 'attached' })
    assert.equal(await focused(page), 'Cancel')
    await page.keyboard.press('Shift+Tab')
    await page.waitForSelector('.btn-stop', { state: 'detached' })
    assert.deepEqual(h.complaints, [])
  })

  it('say failures as an alert, on the page that was waiting', async () => {
    await using h = await house()
    h.put('s1', factsOf.starting)
    await h.page.goto(h.url('hub/sessions/s1'))
    await poll(() => h.hub.streams() === 1)
    h.put('s1', factsOf.ended)
    await h.page.waitForSelector('h1:has-text("It needed more than the 16 GB")')
    assert.match((await h.page.textContent('#alarm')) ?? '', /Out of memory/)
    assert.match(await h.page.title(), /^Out of memory/)
  })

  it('tell that the scheduler is silent, and that it answers again', async () => {
    await using h = await house()
    h.put('s1', factsOf.queued)
    for (const path of ['hub/sessions/s1', 'hub/home']) {
      await h.page.goto(h.url(path))
      await poll(() => h.hub.streams() === 1)
      const since = Date.now() - 120_000
      h.hub.setHealth({ lastAnswerAt: since, failingSince: since, words: 'connect <b>failure</b>' })
      await h.page.waitForSelector('.bw-note:has-text("larch has not answered since") code:text("<b>failure</b>")')
      h.hub.setHealth({ lastAnswerAt: Date.now(), failingSince: null, words: null })
      await h.page.waitForSelector('#page .bw-note', { state: 'detached' })
      // The stream of this page must be over before the next one's is counted.
      await h.page.goto('about:blank')
      await poll(() => h.hub.streams() === 0)
    }
    assert.deepEqual(h.complaints, [])
  })

  it('warn before the end, in a region that is read out', async () => {
    await using h = await house()
    h.put('s1', factsOf.ready)
    await h.page.goto(h.url('hub/sessions/s1'))
    await poll(() => h.hub.streams() === 1)
    await h.page.evaluate('window.region = document.querySelector("main div[role=status]")')
    h.put('s1', {
      ...factsOf.ready,
      warnings: [{ about: 'walltime', limitSeconds: 300, endsAt: Date.now() + 240_000 }],
    })
    await h.page.waitForSelector('div[role=status] :text("in less than 5 min.")')
    assert.equal(await h.page.evaluate('region.isConnected'), true, 'only what is in the region was replaced')
    assert.deepEqual(h.complaints, [])
  })

  it('take one stream for all tabs, and end it with the last', async () => {
    await using h = await house()
    h.put('s1', factsOf.queued)
    const tabs = [h.page, await h.context.newPage(), await h.context.newPage()]
    for (const tab of tabs) await tab.goto(h.url('hub/home'))
    await poll(() => h.hub.streams() === 1)
    h.put('s1', factsOf.ready)
    for (const tab of tabs) await tab.waitForSelector('article :text("Ready")')
    assert.equal(h.hub.streams(), 1)
    for (const tab of tabs) await tab.goto('about:blank')
    await poll(() => h.hub.streams() === 0)
  })

  it('show a new session on a home page that is open', async () => {
    await using h = await house()
    await h.page.goto(h.url('hub/home'))
    await h.page.waitForSelector('text=No sessions yet')
    await poll(() => h.hub.streams() === 1)
    h.put('s1', factsOf.queued)
    await h.page.waitForSelector('article :text("Waiting for 4 cores")')
  })
})

describe('what support gets', () => {
  it('is copied by keyboard, and said so', async () => {
    await using h = await house()
    const { page, context } = h
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    h.put('s1', factsOf.ended)
    await page.goto(h.url('hub/sessions/s1'))
    await page.focus('text=Copy for support')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#support-said:text("Copied")')
    assert.equal(await focused(page), 'Copy for support')
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')
    assert.match(copied, /^Code: session\.out-of-memory\n/)
    assert.match(copied, /\nSession: s1\n/)
    assert.deepEqual(h.complaints, [])
  })
  it('is copied without a clipboard of the page too, as over plain HTTP', async () => {
    await using h = await house()
    const { page } = h
    await h.context.addInitScript('delete Navigator.prototype.clipboard')
    h.put('s1', factsOf.ended)
    await page.goto(h.url('hub/sessions/s1'))
    assert.equal(await page.evaluate('typeof navigator.clipboard'), 'undefined')
    await page.click('text=Copy for support')
    await page.waitForSelector('#support-said:text("Copied")')
    assert.equal(
      await page.evaluate(`document.querySelector('#h-err').closest('section').querySelector('details').open`),
      false,
    )
  })
  it('is a file by a click, and the log scrolls by keyboard', async () => {
    await using h = await house()
    const { page } = h
    const log = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`)
    h.put('s1', { ...factsOf.ended, outcome: { ...factsOf.ended.outcome, log } })
    await page.goto(h.url('hub/sessions/s1'))
    const begun = page.waitForEvent('download')
    await page.click('text=Download details')
    const file = await begun
    assert.equal(file.suggestedFilename(), 'session-s1.json')
    assert.equal(await file.failure(), null)
    assert.ok((await page.evaluate<number>('document.documentElement.scrollHeight')) < 2500, 'the log is no wall')
    await page.focus('summary:has-text("All 200 lines")')
    await page.keyboard.press('Enter')
    await page.focus('[aria-label="All log lines"]')
    await page.keyboard.press('End')
    // Not `waitForFunction`: from its second look on it evaluates text in the page, which the page's policy forbids.
    await poll(() => page.evaluate<boolean>(`document.querySelector('[aria-label="All log lines"]').scrollTop > 0`))
    assert.deepEqual(h.complaints, [])
  })
})

describe('the launch form', () => {
  it('works by keyboard alone', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/spawn'))
    await page.focus('[name=profile]:checked')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('#launch-shown[value=gpu]', { state: 'attached' })
    assert.equal(await focused(page), 'p-gpu', 'the focus stays on the card')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/spawn-pending/alice')
    assert.equal([...h.hub.bench.sessions.rows.values()][0]?.spec.profile.key, 'gpu')
    assert.deepEqual(h.complaints, [])
  })

  it('says what does not fit when a value is left, and takes it back when it fits', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/spawn'))
    await page.fill('[name=memory]', '256')
    await page.focus('[name=walltime]')
    await page.waitForSelector('#row-memory .bw-error')
    assert.equal(await page.inputValue('[name=memory]'), '256')
    assert.equal(await focused(page), 'f-walltime')
    await page.fill('[name=memory]', '8')
    await page.focus('[name=cores]')
    await page.waitForSelector('#row-memory .bw-error', { state: 'detached' })
    assert.equal(h.hub.bench.sessions.rows.size, 0)
    assert.deepEqual(h.complaints, [])
  })

  it('works without JavaScript, from the choice of profile to the wait and to the stop', async () => {
    await using h = await house({}, { javaScriptEnabled: false })
    const { page } = h
    await page.goto(h.url('hub/home'))
    await page.click('text=JupyterLab with a GPU')
    await page.check('[value=local]')
    await page.click('text=Show the options')
    await page.waitForSelector('text=On this machine')
    await page.check('[value=lab]')
    await page.click('aside >> text=Start session')
    await page.waitForSelector('text=These are the options of the profile you chose')
    await page.fill('[name=memory]', '256')
    await page.click('aside >> text=Start session')
    await page.click('#errors a')
    await page.fill('[name=memory]', '8')
    await page.click('aside >> text=Start session')
    await page.waitForURL('**/hub/spawn-pending/alice')
    await page.click('text=Cancel')
    await page.waitForSelector('h1:has-text("is being stopped")')
  })
})

describe('looks', () => {
  it('fit 360 pixels, and 320, on every page', async () => {
    await using h = await house({}, { viewport: { width: 360, height: 740 } })
    const { page } = h
    for (const [state, facts] of Object.entries(factsOf)) h.put(state, facts, state)
    const sessions = Object.keys(factsOf).map((state) => `hub/sessions/${state}`)
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 740 })
      for (const path of ['hub/home', 'hub/history', 'hub/spawn', 'hub/nothing', 'hub/login/link', ...sessions]) {
        await page.goto(h.url(path))
        const over = await page.evaluate<number>(overflow)
        assert.equal(over, 0, `${path} at ${width}`)
      }
    }
    assert.deepEqual(h.complaints, [])
  })

  it('keep the words of the time ring inside the ring', async () => {
    await using h = await house()
    const { page } = h
    const owner = h.hub.bench.users.get('alice')
    assert.ok(owner)
    for (const [wallSeconds, words] of [
      [1_200, 'left of 20 min'],
      [45_000, 'left of 12 h 30 min'],
    ] as const) {
      const spec = { ...standardSpec, resources: { ...standardSpec.resources, wallSeconds } }
      h.hub.bench.sessions.put(
        makeSession('s1', owner, factsOf.ready, { spec, endsAt: Date.now() + wallSeconds * 1000 }),
      )
      await page.goto(h.url('hub/sessions/s1'))
      await page.waitForSelector(`.bw-ring:has-text("${words}")`)
      const beyond = await page.evaluate<number>(`(() => {
        const ring = document.querySelector('.bw-ring').getBoundingClientRect()
        const [x, y] = [ring.left + ring.width / 2, ring.top + ring.height / 2]
        const text = document.createRange()
        text.selectNodeContents(document.querySelector('.bw-ring small'))
        // The letters of a line take its middle two thirds.
        const far = [...text.getClientRects()].flatMap(({ left, right, top, bottom }) =>
          [left, right].map((at) => Math.hypot(at - x, (top + 5 * bottom) / 6 - y)))
        // From the outside: a radius of 45 of 100, less half a line of 7.5.
        return Math.max(...far) - (ring.width * 41.25) / 100
      })()`)
      assert.ok(beyond < 0, `${words}: ${beyond} px beyond the line`)
    }
  })

  it('follow the system, and the saved choice over it, without a flash', async () => {
    await using h = await house({}, { colorScheme: 'dark' })
    const { page } = h
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    assert.equal(await background(), 'rgb(17, 21, 27)')
    await page.click('.bw-menu summary')
    await page.check('#th-light')
    await page.click('text=Save appearance')
    await page.waitForSelector('html[data-bs-theme=light]')
    assert.equal(await background(), 'rgb(245, 246, 248)')
  })
})

describe('another application on our origin', () => {
  const hostile = (request: Request): Response | null =>
    new URL(request.url).pathname.startsWith('/user/bob/')
      ? new Response('<title>bob</title>', { headers: { 'Content-Type': 'text/html' } })
      : null

  it('cannot read a page, frame it, hold its window or post its forms', async () => {
    await using h = await house({}, {}, hostile)
    const { page } = h
    h.put('s1', factsOf.ready)
    await page.goto(h.url('user/bob/'))

    const read = await page.evaluate(`(async () => {
      const answer = await fetch('/hub/home')
      const posted = await fetch('/hub/sessions/s1/stop', { method: 'POST', body: new URLSearchParams({ _xsrf: 'x' }) })
      const texts = (await answer.text()) + (await posted.text())
      return { status: answer.status, posted: posted.status, hasToken: texts.includes('_xsrf') }
    })()`)
    assert.deepEqual(read, { status: 403, posted: 403, hasToken: false })

    const framed = await page.evaluate<string>(`(async () => {
      const frame = document.createElement('iframe')
      frame.src = '/hub/home'
      const loaded = new Promise((done) => frame.addEventListener('load', done))
      document.body.append(frame)
      await loaded
      return frame.contentDocument?.body?.innerHTML ?? 'closed to us'
    })()`)
    assert.doesNotMatch(framed, /alice/)

    const opened = h.context.waitForEvent('page')
    await page.evaluate(`void (window.held = window.open('/hub/home'))`)
    const tab = await opened
    await tab.waitForSelector('h1:has-text("Home")')
    assert.equal(await page.evaluate(`held.closed ? 'closed to us' : held.document.body.innerHTML`), 'closed to us')
    assert.equal(h.hub.bench.sessions.rows.get('s1')?.facts.state, 'ready')

    await page.goto(h.url('hub/sessions/s1'))
    await page.click('.bw-actions >> text=Stop')
    await page.waitForSelector('h1:has-text("is being stopped")')
  })
})

/** Id, else the text, of what holds the focus. Scripts for the page are text: these files know no DOM. */
const focused = (page: Page) =>
  page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.trim()')
const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

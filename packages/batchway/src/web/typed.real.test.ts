/** What somebody has typed is never lost: by Back, by a sign-in that is over, by news that come meanwhile. In a real Chromium. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { factsOf } from './testing/fake-rooms.ts'
import { type House, openHouse } from './testing/house.ts'
import { poll } from './testing/poll.ts'

let chrome: Browser
before(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
  chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(() => chrome.close())

const typed = { cores: '7', memory: '9', _server: 'Müller 数据' }

async function fillIn(page: Page): Promise<void> {
  await page.check('#p-gpu')
  await page.waitForSelector('#launch-shown[value=gpu]', { state: 'attached' })
  for (const [name, value] of Object.entries(typed)) await page.fill(`[name=${name}]`, value)
}

async function assertFilledIn(page: Page): Promise<void> {
  assert.equal(await page.isChecked('#p-gpu'), true)
  assert.equal(await page.inputValue('#launch-shown'), 'gpu', 'the options are those of the chosen profile')
  for (const [name, value] of Object.entries(typed)) assert.equal(await page.inputValue(`[name=${name}]`), value)
}

/** Another tab of the same browser. */
async function inAnotherTab(h: House, act: (tab: Page) => Promise<unknown>): Promise<void> {
  const tab = await h.context.newPage()
  await act(tab)
  await tab.close()
}
const signOut = (h: House) => inAnotherTab(h, (tab) => tab.goto(h.url('hub/logout')))
async function signIn(page: Page): Promise<void> {
  await page.fill('[name=username]', 'alice')
  await page.click('main button')
}

describe('the launch form', () => {
  it('is as it was left after Back and Forward, and after loading it again', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    await page.goto(h.url('hub/spawn'))
    await fillIn(page)
    await page.click('text=History')
    await page.waitForSelector('h1:has-text("History")')
    await page.goBack()
    await assertFilledIn(page)
    await page.reload()
    await assertFilledIn(page)
    await page.goBack()
    await page.waitForSelector('h1:has-text("Home")')
    await page.goForward()
    await assertFilledIn(page)
    assert.deepEqual(h.complaints, [])
  })

  it('is as it was left where it was refused and is loaded again: nothing is sent twice', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    await page.goto(h.url('hub/spawn/alice/new'))
    await page.check('#p-gpu')
    await page.waitForSelector('#launch-shown[value=gpu]', { state: 'attached' })
    await page.fill('[name=memory]', '999')
    await page.click('aside >> text=Start session')
    await page.waitForSelector('#errors')
    const methods: string[] = []
    page.on('request', (request) => request.isNavigationRequest() && methods.push(request.method()))
    await page.reload()
    assert.deepEqual(methods, ['GET'])
    assert.equal(await page.inputValue('[name=memory]'), '999')
  })

  for (const [words, options] of [
    ['', {}],
    [', without JavaScript', { javaScriptEnabled: false }],
  ] as const satisfies readonly [string, BrowserContextOptions][]) {
    it(`comes back filled in where somebody had signed out before the button was pressed${words}`, async () => {
      await using h = await openHouse(chrome, {}, options)
      const { page } = h
      await page.goto(h.url('hub/spawn?profile=gpu'))
      for (const [name, value] of Object.entries(typed)) await page.fill(`[name=${name}]`, value)
      await signOut(h)
      await page.click('aside >> text=Start session')
      await page.waitForSelector('text=You are signed out: nothing was done.')
      await signIn(page)
      await page.waitForSelector('h1:has-text("Launch a session")')
      await assertFilledIn(page)
      await page.click('aside >> text=Start session')
      await page.waitForURL('**/hub/spawn-pending/alice/**')
    })

    it(`comes back filled in where somebody has signed in anew meanwhile${words}`, async () => {
      await using h = await openHouse(chrome, {}, options)
      const { page } = h
      await page.goto(h.url('hub/spawn?profile=gpu'))
      for (const [name, value] of Object.entries(typed)) await page.fill(`[name=${name}]`, value)
      await inAnotherTab(h, async (tab) => {
        await tab.goto(h.url('hub/logout'))
        await signIn(tab)
        await tab.waitForURL('**/hub/home')
      })
      await page.click('aside >> text=Start session')
      await page.waitForSelector('#errors:has-text("The form is too old")')
      await assertFilledIn(page)
      assert.equal(h.hub.bench.sessions.rows.size, 0)
      await page.click('aside >> text=Start session')
      await page.waitForURL('**/hub/spawn-pending/alice/**')
    })
  }

  it('says that its sign-in is over, and stays', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    await page.goto(h.url('hub/spawn?profile=gpu'))
    await signOut(h)
    for (const [name, value] of Object.entries(typed)) await page.fill(`[name=${name}]`, value)
    await page.waitForSelector('#over:has-text("sign-in of this page is over")')
    await poll(async () => /sign-in of this page is over/.test((await page.textContent('#announce')) ?? ''))
    await assertFilledIn(page)
  })
})

describe('the form for a token', () => {
  it('comes back filled in, signed out and signed in anew', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    const fill = async () => {
      await page.goto(h.url('hub/token'))
      await page.fill('[name=note]', 'Größe 数据')
      await page.check('#f-some')
      await page.fill('[name=scopes]', 'read:servers!user=alice')
    }
    const press = () => page.click('text=Make the token')
    const assertKept = async () => {
      assert.equal(await page.inputValue('[name=note]'), 'Größe 数据')
      assert.equal(await page.isChecked('#f-some'), true)
      assert.equal(await page.inputValue('[name=scopes]'), 'read:servers!user=alice')
      assert.equal(h.hub.bench.people.tokens.size, 0)
    }
    await fill()
    await signOut(h)
    await press()
    await page.waitForSelector('text=You are signed out: nothing was done.')
    await signIn(page)
    await page.waitForSelector('h1:has-text("Tokens")')
    await assertKept()
    await inAnotherTab(h, async (tab) => {
      await tab.goto(h.url('hub/logout'))
      await signIn(tab)
      await tab.waitForURL('**/hub/home')
    })
    await press()
    await page.waitForSelector('.bw-note:has-text("The form is too old")')
    await assertKept()
    await press()
    await page.waitForSelector('#new-token')
  })
})

describe('news', () => {
  it('take nothing away that is typed on the home page', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    await poll(() => h.hub.streams() === 1)
    await page.fill('#new-server', 'zweite')
    await page.focus('h1 >> xpath=ancestor::main')
    h.put('s1', factsOf.queued)
    await page.waitForSelector('article :text("Waiting for 4 cores")')
    assert.equal(await page.inputValue('#new-server'), 'zweite')
    assert.deepEqual(h.complaints, [])
  })
})

describe('a form', () => {
  it('is sent once, however often its button is pressed while the answer is on its way', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    let sent = 0
    let answer = (): void => {}
    await page.route('**/hub/token', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      if (++sent === 1)
        await new Promise<void>((wake) => {
          answer = wake
        })
      await route.continue()
    })
    await page.goto(h.url('hub/token'))
    await page.fill('[name=note]', 'once')
    const pressed = page.waitForEvent('console', (message) => message.text() === 'pressed')
    await page.evaluate(`{
      const button = [...document.querySelectorAll('main button')].find((each) => each.textContent.includes('Make the token'))
      button.click()
      setTimeout(() => button.click(), 100)
      setTimeout(() => console.log('pressed'), 200)
    }`)
    await poll(() => sent > 0)
    await pressed
    answer()
    await page.waitForSelector('#new-token')
    assert.equal(sent, 1)
    assert.equal(h.hub.bench.people.tokens.size, 1)
  })
})

describe('the menu', () => {
  it('closes by Escape, which gives the focus back, and by a click beside it', async () => {
    await using h = await openHouse(chrome)
    const { page } = h
    const isOpen = () => page.evaluate<boolean>(`document.querySelector('.bw-menu').open`)
    await page.click('.bw-menu summary')
    await page.focus('#th-system')
    await page.keyboard.press('Escape')
    assert.equal(await isOpen(), false)
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'SUMMARY')
    await page.click('.bw-menu summary')
    assert.equal(await isOpen(), true)
    await page.click('h1')
    assert.equal(await isOpen(), false)
  })
})

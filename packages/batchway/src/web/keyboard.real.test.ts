/** The newer pages by keyboard alone, in a real Chromium: everything is reached with Tab, seen while it has the focus, and works with Enter or Space. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { renderOAuthPage } from './oauth-confirm.ts'
import { factsOf, makeSession, makeToken, makeUser, noon } from './testing/fake-rooms.ts'
import { type LiveHub, liveHub } from './testing/live-hub.ts'
import { poll } from './testing/poll.ts'

let chrome: Browser
before(async () => {
  const executablePath = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium'
  chrome = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
})
after(() => chrome.close())

interface House extends AsyncDisposable {
  readonly hub: LiveHub
  readonly page: Page
  url(path: string): string
}

async function house(
  name = 'alice',
  browser: BrowserContextOptions = {},
  application: Parameters<typeof liveHub>[1] = null,
): Promise<House> {
  const hub = await liveHub({}, application)
  hub.bench.users.set('bob', { ...makeUser(2, 'bob'), isAdmin: true })
  const context = await chrome.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: 'reduce',
    ...browser,
  })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const url = (path: string) => `${hub.origin}/${path}`
  await page.goto(url('hub/login'))
  await page.fill('[name=username]', name)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/hub/home')
  return {
    hub,
    page,
    url,
    [Symbol.asyncDispose]: async () => {
      await context.close()
      await hub[Symbol.asyncDispose]()
    },
  }
}

/** What holds the focus, in words, and how it shows that it does. Scripts for the page are text: these files know no DOM. */
const focus = `(() => {
  const it = document.activeElement
  // A link that is as large as its card shows it on the card.
  const isRinged = (each) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each)
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none'
  }
  const { width, height, top, bottom } = it.getBoundingClientRect()
  return {
    words: (it.labels?.[0]?.innerText || it.getAttribute('aria-label') || it.innerText || '').replace(/\\s+/g, ' ').trim(),
    id: it.id,
    isBody: it === document.body,
    isShown: isRinged(it) || isRinged(it.closest('.bw-profile') ?? it),
    isInView: it === document.body || (width > 0 && height > 0 && bottom > 0 && top < innerHeight),
  }
})()`
interface Focus {
  readonly words: string
  readonly id: string
  readonly isBody: boolean
  readonly isShown: boolean
}

/** Press Tab until something of these words, or this id, holds the focus; whatever it passes must show where the focus is. */
async function tabTo(page: Page, wanted: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press(key)
    // Scrolling there may take a moment.
    await poll(() => page.evaluate<boolean>(`${focus}.isInView`))
    const at = await page.evaluate<Focus>(focus)
    if (at.isBody) continue
    assert.ok(at.isShown, `nothing shows that "${at.words}" (${at.id}) has the focus`)
    if (wanted.test(at.words) || wanted.test(`#${at.id}`)) return
    passed.push(at.words || at.id)
  }
  assert.fail(`${wanted} was not reached by ${key}; passed: ${passed.join(' | ')}`)
}

describe('by keyboard alone', () => {
  it('a token is made with narrowed rights, copied, and revoked; loading the page again makes no other', async () => {
    await using h = await house()
    const { page } = h
    const { tokens } = h.hub.bench.people
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await tabTo(page, /^Tokens$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/token')
    await tabTo(page, /^#f-note$/)
    await page.keyboard.type('nightly')
    await tabTo(page, /^#f-expires$/)
    await page.keyboard.press('ArrowUp')
    await tabTo(page, /^#f-all$/)
    await page.keyboard.press('ArrowDown')
    await tabTo(page, /^#f-scopes$/)
    await page.keyboard.type('read:servers!user=alice')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/token?made=a1')
    assert.deepEqual(tokens.get(1)?.scopes, ['read:servers!user=alice'])
    const text = (await page.locator('#new-token').innerText()).trim()
    assert.match(text, /^5ec4e7/)
    await tabTo(page, /^Copy the token$/)
    await page.keyboard.press('Enter')
    await poll(() => page.evaluate<boolean>(`document.querySelector('#token-said').textContent !== ''`))
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), text)

    await page.reload()
    assert.equal(await page.locator('#new-token').count(), 0)
    await page.goBack()
    assert.equal(await page.locator('#new-token').count(), 0)
    await page.goto(h.url('hub/token'))
    assert.equal(tokens.size, 1)

    await tabTo(page, /^Revoke nightly, a1$/)
    await page.keyboard.press('Space')
    await page.waitForURL('**/hub/token?done=token')
    assert.equal(tokens.size, 0)
  })

  it('a mistake in the form leads to its field', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/token'))
    await tabTo(page, /^#f-all$/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#errors')
    await tabTo(page, /^Rights: Write at least one right/)
    await page.keyboard.press('Enter')
    await poll(() => page.evaluate<boolean>(`document.activeElement?.id === 'f-scopes'`))
  })

  it('a named server is made, gets another title, and is deleted', async () => {
    await using h = await house()
    const { page } = h
    const { bench } = h.hub
    await tabTo(page, /^#new-server$/)
    await page.keyboard.type('Catchment model')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/spawn?_server=*')
    await tabTo(page, /^Start session$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/spawn-pending/alice/*')
    const [session] = [...bench.sessions.rows.values()]
    assert.ok(session)
    const owner = bench.users.get('alice')
    assert.ok(owner)
    bench.sessions.put(makeSession(session.id, owner, factsOf.ended, { serverName: session.serverName, version: 9 }))
    // The page goes there by itself; leaving before it has could be overtaken by that.
    await page.waitForURL(`**/hub/sessions/${session.id}`)

    await page.goto(h.url('hub/home'))
    await tabTo(page, /^Rename or delete/)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/hub/servers/${session.serverName}`)
    await tabTo(page, /^#f-title$/)
    await page.keyboard.press('Control+A')
    await page.keyboard.type('River model')
    await tabTo(page, /^Change the name$/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('h1:has-text("River model")')
    await tabTo(page, /^Delete…$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Delete this server$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/home**')
    assert.deepEqual(await bench.servers.listOf(owner.id), [])
  })

  it('an application is allowed to know somebody, and not allowed', async () => {
    let confirmation = ''
    let posted = ''
    await using h = await house('alice', {}, (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/user/bob/confirm')
        return new Response(confirmation, { headers: { 'Content-Type': 'text/html; charset=utf-8' } })
      if (pathname !== '/user/bob/allowed') return null
      posted = request.method
      return new Response('<title>allowed</title>allowed', { headers: { 'Content-Type': 'text/html' } })
    })
    const { page } = h
    confirmation = await renderOAuthPage(h.hub.bench.settings, () => noon)('oauth-confirm', {
      user: { name: 'alice', isAdmin: false },
      client: { id: 'jupyterhub-user-bob', description: 'bob', redirectUri: '/user/bob/oauth_callback' },
      owner: 'bob',
      name: 'lab',
      scopes: ['access:servers!server=bob/lab'],
      action: '/user/bob/allowed',
      xsrf: 'token',
      cancel: '/hub/home',
    })
    await page.goto(h.url('user/bob/confirm'))
    await tabTo(page, /^Do not allow$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/home')
    await page.goto(h.url('user/bob/confirm'))
    await tabTo(page, /^Allow$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/user/bob/allowed')
    assert.equal(posted, 'POST')
  })

  it('an administrator finds the check of a sign-in in the menu, and asks', async () => {
    await using h = await house('bob')
    const { page } = h
    await tabTo(page, /^bob$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Check a sign-in$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/admin/sign-in')
    await tabTo(page, /^#who-subject$/)
    await page.keyboard.type('carol@example.edu')
    await tabTo(page, /^#who-claims$/)
    await page.keyboard.type('groups=hpc')
    await tabTo(page, /^Check$/)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#who-outcome')
    assert.match(await page.locator('#who-outcome').innerText(), /carol@example\.edu/)
  })

  it('the reference of the API is read: a part, an operation, a shape, and back to the top', async () => {
    await using h = await house()
    const { page } = h
    await page.goto(h.url('hub/docs/api'))
    await tabTo(page, /^Tokens$/)
    await tabTo(page, /^Groups$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/docs/api#groups')
    await tabTo(page, /^GET\s+\/groups /)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Group$/)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/hub/docs/api#shape-Group')
    assert.ok(await page.locator('#shape-Group').isVisible())
  })
})

it('the newer pages fit 360 and 320 pixels, in light and dark', async () => {
  await using h = await house('bob', { viewport: { width: 360, height: 740 } })
  const { page } = h
  const { bench } = h.hub
  const owner = bench.users.get('bob')
  assert.ok(owner)
  await bench.servers.ensure(owner, 'kept', 'The catchment project’s own server, with a name of some length')
  bench.sessions.put(makeSession('s1', owner, factsOf.ready, { serverName: 'kept' }))
  const long = Array.from({ length: 9 }, (_, n) => `read:servers!server=bob/a-rather-long-name-of-a-server-${n}`)
  bench.people.tokens.set(
    50,
    makeToken(50, owner, { note: 'The nightly report of the catchment project', scopes: long }),
  )
  bench.people.tokens.set(51, makeToken(51, owner, { kind: 'oauth', clientId: 'jupyterhub-user-bob', scopes: long }))
  const shots = process.env.BATCHWAY_TEST_SHOTS
  if (shots) mkdirSync(shots, { recursive: true })
  for (const path of [
    'hub/home',
    'hub/servers/kept',
    'hub/token',
    'hub/admin/sign-in',
    'hub/admin/sign-in?subject=carol%40example.edu&claims=groups%3Dhpc',
    'hub/docs/api',
  ])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const width of [1280, 360, 320]) {
        await page.setViewportSize({ width, height: 740 })
        await page.goto(h.url(path))
        await page.evaluate(`for (const fold of document.querySelectorAll('details:not(.bw-menu)')) fold.open = true`)
        const over = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        assert.equal(over, 0, `${path} at ${width}`)
        const name = `${path.replace(/\W+/g, '-')}-${colorScheme}-${width}.png`
        if (shots && width !== 320) await page.screenshot({ path: join(shots, name), fullPage: !path.includes('docs') })
      }
    }
})

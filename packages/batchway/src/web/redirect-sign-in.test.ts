import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { defineLogin, type RedirectLogin } from '../people/login.ts'
import { startSeconds } from './start-memory.ts'
import { noon } from './testing/fake-rooms.ts'
import { type Browser, webBench } from './testing/web-bench.ts'
import { signInTries } from './try-limit.ts'

/** A provider that signs in whom the answer names, and checks nothing: what is refused here, the hub refuses. */
const gullible = (id: string, more: Partial<RedirectLogin> = {}): RedirectLogin =>
  defineLogin<RedirectLogin>({
    kind: 'redirect',
    id,
    button: `Sign in with ${id}`,
    start: async (callback, state) => ({
      address: `https://${id}.example/authorize?${new URLSearchParams({ redirect_uri: callback, state })}`,
      memory: `memory of ${id}`,
    }),
    finish: async (arrived, memory) => {
      assert.equal(memory, `memory of ${id}`)
      const answer = new URL(arrived).searchParams
      if (answer.get('error') !== null) throw new BatchwayError('forbidden', 'The provider did not let you in.')
      return { subject: answer.get('who') ?? '', claims: {}, endsAt: null }
    },
    signOutAddress: async () => null,
    ...more,
  })

/** Go to the provider. @returns the path and query at which it sends the browser back. */
async function begin(browser: Browser, path = '/hub/login/idp/start', who = 'alice') {
  const answer = await browser.get(path)
  assert.equal(answer.status, 302)
  const there = new URL(answer.headers.get('location') ?? '')
  const callback = new URL(there.searchParams.get('redirect_uri') ?? '')
  const state = there.searchParams.get('state') ?? ''
  return { answer, there, state, back: `${callback.pathname}?state=${state}&who=${who}`, callback }
}
const isSignedIn = (browser: Browser) => browser.cookies.has('jupyterhub-hub-login')

describe('signing in at a provider', () => {
  it('sends the browser there and, on its return, to where it wanted to go', async () => {
    const bench = webBench({ logins: [gullible('idp')] })
    const alice = bench.browser()
    const page = await (await alice.get('/hub/login?next=%2Fhub%2Fspawn%3Fx%3D1')).text()
    const link = /href="([^"]*\/start[^"]*)"/.exec(page)?.[1] ?? ''
    assert.equal(link, '/hub/login/idp/start?next=%2Fhub%2Fspawn%3Fx%3D1')
    const { there, callback, back, answer } = await begin(alice, link)
    assert.equal(there.origin, 'https://idp.example')
    assert.equal(callback.href, 'http://hub.test/hub/login/idp/callback')
    const [cookie = ''] = answer.headers.getSetCookie().filter((line) => line.startsWith('batchway-start-'))
    assert.match(cookie, /; Path=\/hub\/login\/idp\/callback; Max-Age=600; HttpOnly; SameSite=Lax$/)
    assert.doesNotMatch(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').toString('latin1'), /memory of/)

    const arrived = await alice.get(back, { 'sec-fetch-site': 'cross-site' })

    assert.equal(arrived.status, 302)
    assert.equal(arrived.headers.get('location'), '/hub/spawn?x=1')
    assert.ok(isSignedIn(alice))
    assert.equal([...bench.people.signIns.values()][0]?.way, 'idp')
    assert.ok(![...alice.cookies.keys()].some((name) => name.startsWith('batchway-start-')), 'what was used is gone')
  })
  it('has JupyterHub’s redirect address, below the base path', async () => {
    const bench = webBench({ base: '/jupyter/', logins: [gullible('idp', { callback: 'jupyterhub' })] })
    const alice = bench.browser()
    const { callback, back } = await begin(alice, '/jupyter/hub/login/idp/start')
    assert.equal(callback.href, 'http://hub.test/jupyter/hub/oauth_callback')
    assert.equal((await alice.get(back)).headers.get('location'), '/jupyter/hub/home')
    assert.ok(isSignedIn(alice))
  })
  it('lets several tabs be on their way at once', async () => {
    const alice = webBench({ logins: [gullible('idp')] }).browser()
    const first = await begin(alice, '/hub/login/idp/start?next=/hub/history')
    await begin(alice)
    assert.equal((await alice.get(first.back)).headers.get('location'), '/hub/history')
  })
  it('does not start for someone who is signed in', async () => {
    const bench = webBench({ logins: [gullible('idp')] })
    const alice = bench.browser()
    await alice.get((await begin(alice)).back)
    const again = await alice.get('/hub/login/idp/start?next=/hub/history')
    assert.equal(again.headers.get('location'), '/hub/history')
  })
  it('shows the words of a refusal, and the way back to where it was going', async () => {
    const alice = webBench({ logins: [gullible('idp')] }).browser()
    const { back } = await begin(alice, '/hub/login/idp/start?next=/hub/history')
    const page = await alice.get(`${back}&error=access_denied&error_description=<script>`)
    const text = await page.text()
    assert.equal(page.status, 403)
    assert.match(text, /role="alert">[\s\S]*The provider did not let you in\./)
    assert.match(text, /start\?next=%2Fhub%2Fhistory"/)
    assert.doesNotMatch(text, /<script>|access_denied/)
    assert.ok(!isSignedIn(alice))
  })
  it('says so when the provider does not answer', async () => {
    const down = new BatchwayError('sign_in_unavailable', 'The provider does not answer just now.')
    const bench = webBench({ logins: [gullible('idp', { start: () => Promise.reject(down) })] })
    const page = await bench.browser().get('/hub/login/idp/start?next=/hub/history')
    assert.equal(page.status, 503)
    assert.match(await page.text(), /role="alert">[\s\S]*The provider does not answer just now\./)
  })
  it('refuses a name that no user may have', async () => {
    const alice = webBench({ logins: [gullible('idp')] }).browser()
    const { back } = await begin(alice, '/hub/login/idp/start', '../root')
    assert.equal((await alice.get(back)).status, 403)
    assert.ok(!isSignedIn(alice))
  })
})

describe('an answer that does not belong to this browser’s start', () => {
  const bench = () => webBench({ logins: [gullible('idp'), gullible('other')] })
  const refused = async (browser: Browser, path: string, words: RegExp) => {
    const answer = await browser.get(path)
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), words)
    assert.ok(!isSignedIn(browser))
  }
  const notStarted = /This browser has not started this sign-in/

  it('is refused in another browser: nobody is signed in as somebody else by a link', async () => {
    const house = bench()
    const { back } = await begin(house.browser())
    await refused(house.browser(), back, notStarted)
  })
  it('would sign in another browser if that had not to show what the first one keeps', async () => {
    const house = bench()
    const [bob, alice] = [house.browser(), house.browser()]
    const { back } = await begin(bob, '/hub/login/idp/start', 'bob')
    for (const [name, cookie] of bob.cookies) alice.cookies.set(name, cookie)
    assert.equal((await alice.get(back)).status, 302)
    assert.match(await (await alice.get('/hub/home')).text(), /bob/)
  })
  it('is refused with another state, a cut one, or none', async () => {
    const alice = bench().browser()
    const { back, state } = await begin(alice)
    for (const wrong of [state.replace(/.$/, 'x'), state.slice(0, 16), '', '../x', 'a'.repeat(300)])
      await refused(alice, back.replace(state, wrong), notStarted)
    assert.equal((await alice.get(back)).status, 302, 'the right one still works')
  })
  it('is refused at another provider’s address', async () => {
    const alice = bench().browser()
    const { back, state } = await begin(alice)
    // The browser would not send the cookie there; even one that does is refused.
    const [name = '', cookie] = [...alice.cookies].find(([key]) => key.startsWith('batchway-start-')) ?? []
    assert.ok(cookie)
    alice.cookies.set(name, { ...cookie, path: '/hub/login/' })
    await refused(alice, `/hub/login/other/callback?state=${state}&who=alice`, notStarted)
    assert.equal((await alice.get(back)).status, 302)
  })
  it('is refused when what the browser kept was changed', async () => {
    const alice = bench().browser()
    const { back } = await begin(alice)
    const [name = '', cookie] = [...alice.cookies].find(([key]) => key.startsWith('batchway-start-')) ?? []
    assert.ok(cookie)
    const middle = cookie.value.length >> 1
    const other = cookie.value[middle] === 'A' ? 'B' : 'A'
    alice.cookies.set(name, {
      ...cookie,
      value: cookie.value.slice(0, middle) + other + cookie.value.slice(middle + 1),
    })
    await refused(alice, back, notStarted)
    alice.cookies.set(name, cookie)
    assert.equal((await alice.get(back)).status, 302)
  })
  it('is refused ten minutes later', async () => {
    let at = noon
    const alice = webBench({ logins: [gullible('idp')], now: () => at }).browser()
    const { back } = await begin(alice)
    at += startSeconds * 1_000
    await refused(alice, back, notStarted)
    at -= 1
    assert.equal((await alice.get(back)).status, 302)
  })
  it('is refused the second time, even with the cookie of the first', async () => {
    const house = bench()
    const alice = house.browser()
    const { back } = await begin(alice)
    const thief = house.browser()
    for (const [name, cookie] of alice.cookies) thief.cookies.set(name, cookie)
    assert.equal((await alice.get(back)).status, 302)
    await refused(thief, back, /This sign-in was used already/)
    assert.equal((await alice.get(back)).headers.get('location'), '/hub/home', 'the back button does no harm')
  })
  it('costs tries only when it is refused', async () => {
    const house = bench()
    const alice = house.browser()
    for (let n = 0; n < signInTries.tries + 5; n++) {
      const browser = house.browser()
      assert.equal((await browser.get((await begin(browser)).back)).status, 302)
    }
    for (let n = 0; n < signInTries.tries; n++)
      assert.equal((await alice.get(`${(await begin(alice)).back}&error=access_denied`)).status, 403)
    assert.equal((await alice.get((await begin(alice)).back)).status, 429)
  })
})

describe('starting by itself', () => {
  const itself = gullible('idp', { startsByItself: true })
  it('happens where it is the only way, and not right after signing out', async () => {
    const alice = webBench({ logins: [itself], hasLinks: false }).browser()
    const answer = await alice.get('/hub/login?next=%2Fhub%2Fhistory')
    assert.equal(answer.status, 302)
    assert.equal(answer.headers.get('location'), '/hub/login/idp/start?next=%2Fhub%2Fhistory')
    await alice.get((await begin(alice)).back)
    const out = await alice.get('/hub/logout')
    assert.equal(out.headers.get('location'), '/hub/login?out=1')
    const page = await alice.get('/hub/login?out=1')
    assert.equal(page.status, 200)
    assert.match(await page.text(), /You are signed out/)
  })
  it('does not where there is a choice', async () => {
    for (const options of [
      { logins: [itself], hasLinks: true },
      { logins: [itself, gullible('other')], hasLinks: false },
      { logins: [gullible('idp')], hasLinks: false },
    ])
      assert.equal((await webBench(options).browser().get('/hub/login')).status, 200)
  })
})

describe('where to go afterwards', () => {
  for (const next of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/hub/..//evil',
  ])
    it(`is never ${next}`, async () => {
      const alice = webBench({ logins: [gullible('idp')] }).browser()
      const { back } = await begin(alice, `/hub/login/idp/start?next=${encodeURIComponent(next)}`)
      assert.equal((await alice.get(back)).headers.get('location'), '/hub/home')
    })
})

describe('the chooser', () => {
  it('shows each way once in its order, and sets forms apart', async () => {
    const { devLogin } = await import('./dev-login.ts')
    const page = webBench({ logins: [gullible('idp'), gullible('other'), devLogin], hasLinks: false }).browser()
    const text = await (await page.get('/hub/login')).text()
    const seen = [...text.matchAll(/Sign in with \w+|>Sign in<\/span>|bw-or/g)].map(([what]) => what)
    assert.deepEqual(seen, ['Sign in with idp', 'Sign in with other', 'bw-or', '>Sign in</span>'])
    assert.equal([...text.matchAll(/btn-primary/g)].length, 1)
  })
})

describe('signing out', () => {
  const there = 'https://idp.example/end?x=1&post_logout_redirect_uri='
  const leads = gullible('idp', {
    finish: async () => ({
      subject: 'alice',
      claims: {},
      endsAt: null,
      kept: { text: 'hint', handles: ['session:1'] },
    }),
    signOutAddress: async (back, kept) => `${there}${encodeURIComponent(back)}&hint=${kept}`,
    signedOutThere: async (token) => (token === 'good' ? ['session:1'] : null),
  })
  const signedIn = async () => {
    const bench = webBench({ base: '/jupyter/', logins: [leads] })
    const alice = bench.browser()
    await alice.get((await begin(alice, '/jupyter/hub/login/idp/start')).back)
    assert.ok(isSignedIn(alice))
    return { bench, alice }
  }
  const address = `${there}http%3A%2F%2Fhub.test%2Fjupyter%2Fhub%2Flogin%3Fout%3D1&hint=hint`

  it('goes on to the provider from a link', async () => {
    const { alice } = await signedIn()
    const answer = await alice.get('/jupyter/hub/logout')
    assert.equal(answer.headers.get('location'), address)
    assert.ok(!isSignedIn(alice))
  })
  it('goes on from a form by a page: form-action holds for redirects too', async () => {
    const { alice } = await signedIn()
    const answer = await alice.post('/jupyter/hub/logout')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('refresh'), `0; url=${address}`)
    assert.match(await answer.text(), /signing you out at <strong>idp\.example<\/strong>/)
    assert.ok(!isSignedIn(alice))
  })
  it('happens when the provider says so, by its token alone', async () => {
    const { bench, alice } = await signedIn()
    const tell = (token: string) =>
      bench.app.request('http://hub.test/jupyter/hub/login/idp/backchannel', {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      })
    for (const bad of ['', 'bad']) assert.equal((await tell(bad)).status, 400)
    assert.equal((await alice.get('/jupyter/hub/home')).status, 200)
    const answer = await tell('good')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal((await alice.get('/jupyter/hub/home')).status, 303)
  })
})

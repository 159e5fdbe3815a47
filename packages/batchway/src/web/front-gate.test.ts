import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import { headerLogin } from '../people/logins/header.ts'
import { type FrontGateParts, openFrontGate } from './front-gate.ts'
import { type Bench, type BenchOptions, type Browser, webBench } from './testing/web-bench.ts'

const header = (more: Partial<Parameters<typeof headerLogin>[0]> = {}) =>
  headerLogin({ button: 'Sign in at Northfield', data: null, signInUrl: null, logoutUrl: null, ...more })

const bench = (options: BenchOptions = {}) =>
  webBench({ base: '/jupyter/', front: header(), onlyLinks: true, ...options })

/** What the proxy sends for a user of the front server; null: nobody is signed in there. */
const as = (user: string | null) => ({
  'x-batchway-front': 'yes',
  ...(user !== null && { 'x-batchway-user': encodeURIComponent(user) }),
})
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
const home = '/jupyter/hub/home'

const whoseIs = async (place: Bench, browser: Browser): Promise<string[]> => {
  const secret = browser.cookies.get('jupyterhub-hub-login')?.value ?? ''
  const caller = await place.people.callerOfCookie(secret)
  return caller.kind === 'browser' ? [caller.user.name, caller.signIn.way] : []
}

describe('a front server’s users', () => {
  it('are signed in on their way to a page, with no click, and stay so', async () => {
    const place = bench()
    const browser = place.browser()
    const first = await browser.get(home, as('alice'))
    assert.equal(first.status, 200)
    assert.match(await first.text(), /alice/)
    assert.deepEqual(await whoseIs(place, browser), ['alice', 'header'])
    const secret = browser.cookies.get('jupyterhub-hub-login')?.value
    assert.equal((await browser.get(home, as('alice'))).status, 200)
    assert.equal(browser.cookies.get('jupyterhub-hub-login')?.value, secret, 'no second sign-in')
    assert.equal(place.people.signIns.size, 1)
    assert.deepEqual(
      place.audited.map(({ action, actor, way }) => [action, actor, way]),
      [['sign-in', 'alice', 'header']],
    )
  })

  it('come back to where they wanted to go', async () => {
    const browser = bench().browser()
    const answer = await browser.get('/jupyter/hub/login?next=%2Fjupyter%2Fhub%2Fhistory', as('alice'))
    assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/jupyter/hub/history'])
    assert.equal((await browser.get('/jupyter/hub/history', as('alice'))).status, 200)
  })

  it('end the sign-in of the one before them in the same browser', async () => {
    const place = bench()
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const alices = browser.cookies.get('jupyterhub-hub-login')?.value ?? ''
    const second = await browser.get(home, as('bob'))
    assert.equal(second.status, 200)
    assert.match(await second.text(), /bob/)
    assert.deepEqual(await whoseIs(place, browser), ['bob', 'header'])
    assert.equal((await place.people.callerOfCookie(alices)).kind, 'anonymous', 'revoked, not merely forgotten')
    assert.deepEqual(
      place.audited.map(({ action, actor }) => [action, actor]),
      [
        ['sign-in', 'alice'],
        ['sign-out', 'alice'],
        ['sign-in', 'bob'],
      ],
    )
  })

  it('are signed out when the front server knows them no longer, and read where to sign in', async () => {
    const place = bench({ front: header({ signInUrl: '/sso?to={next}' }) })
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const away = await browser.get(home, as(null))
    assert.equal(away.status, 303)
    assert.equal(place.people.signIns.size, 0)
    const page = await browser.get(away.headers.get('location') ?? '', as(null))
    assert.equal(page.status, 401)
    const text = await page.text()
    const back = encodeURIComponent('http://hub.test/jupyter/hub/login?next=%2Fjupyter%2Fhub%2Fhome')
    assert.ok(text.includes(`href="/sso?to=${back}"`), text)
    assert.match(text, /Sign in at Northfield/)
  })

  it('learn from a plain page that nobody told who they are, where the site names no address', async () => {
    const page = await bench().browser().get('/jupyter/hub/login', as(null))
    assert.equal(page.status, 401)
    assert.match(await page.text(), /has not told who you are/)
  })

  it('are followed for what the proxy attests alone', async () => {
    const place = bench()
    for (const headers of [
      { 'x-batchway-user': 'bob' },
      { 'x-batchway-front': 'no', 'x-batchway-user': 'bob' },
      { remote_user: 'bob' },
    ]) {
      assert.equal((await place.browser().get(home, headers)).status, 303)
      assert.equal(place.people.signIns.size, 0)
    }
    // The same with the word of the proxy.
    await place.browser().get(home, as('bob'))
    assert.equal(place.people.signIns.size, 1)
  })

  it('without a front login the same headers mean nothing', async () => {
    const place = webBench({ base: '/jupyter/' })
    assert.equal((await place.browser().get(home, as('bob'))).status, 303)
    assert.equal(place.people.signIns.size, 0)
  })

  it('whom admission refuses read its words, and what they had ends', async () => {
    const place = bench()
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const answer = await browser.get('/jupyter/hub/history', as('0'))
    assert.equal(answer.status, 403)
    assert.match(await answer.text(), /must not look like a number/)
    assert.equal(place.people.signIns.size, 0)
    assert.deepEqual(place.audited.at(-2)?.outcome, 'refused')
    assert.equal(
      (await place.browser().get('/jupyter/hub/login', as('0'))).status,
      403,
      'at the sign-in page too, without a loop',
    )
  })
})

describe('scripts behind a front server', () => {
  it('get 401 as JSON when their person has changed or gone, and the sign-in ends', async () => {
    for (const now of [as('bob'), as(null), { 'x-batchway-front': 'no' }, {}]) {
      const place = bench()
      const browser = place.browser()
      await browser.get(home, as('alice'))
      const xsrf = browser.cookies.get('_xsrf')?.value ?? ''
      const fragment = { ...script, 'hx-request': 'true', 'x-xsrftoken': xsrf }
      assert.equal((await browser.get(home, { ...fragment, ...as('alice') })).status, 200, 'alice’s own')
      const answer = await browser.get(home, { ...fragment, ...now })
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [401, 'application/json'])
      assert.match(await answer.text(), /^\{"status":401,.*"type":"urn:batchway:unauthenticated"/)
      assert.equal(place.people.signIns.size, 0, 'none left, and none begun for a script')
    }
  })

  it('get 401 for an application’s request that nobody is signed in for', async () => {
    const answer = await bench()
      .browser()
      .get('/jupyter/hub/user/alice/api/kernels', { ...script, ...as(null) })
    assert.equal(answer.status, 401)
  })

  it('are refused on a WebSocket as anywhere', async () => {
    const place = bench()
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const upgrade = { upgrade: 'websocket', 'sec-fetch-mode': 'websocket', accept: '*/*' }
    assert.equal(
      (await browser.get('/jupyter/hub/user/alice/api/kernels/1/channels', { ...upgrade, ...as('bob') })).status,
      401,
    )
  })
})

describe('forms behind a front server', () => {
  const start = { profile: 'lab' }

  it('do nothing without the token of the very sign-in, whoever the front server names', async () => {
    const place = bench()
    // A form of another site: the browser comes with its user, and without cookies.
    const foreign = await place
      .browser()
      .post(
        '/jupyter/hub/preferences',
        { theme: 'dark' },
        { ...as('alice'), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      )
    assert.equal(foreign.status, 403)
    assert.equal(place.people.signIns.size, 0, 'a form signs nobody in')
    const quiet = await place.browser().post('/jupyter/hub/spawn', start, as('alice'))
    assert.equal(quiet.status, 403)
    // With cookies, from another site.
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const tossed = await browser.post('/jupyter/hub/preferences', { theme: 'dark', _xsrf: '' }, as('alice'))
    assert.equal(tossed.status, 403)
    assert.equal(place.users.get('alice')?.preferences.theme, 'system')
    // The control: her own form.
    const own = await browser.post('/jupyter/hub/preferences', { theme: 'dark' }, as('alice'))
    assert.ok([302, 303].includes(own.status), String(own.status))
    assert.equal(place.users.get('alice')?.preferences.theme, 'dark')
  })

  it('of the one before do nothing for the one who is here now', async () => {
    const place = bench()
    const browser = place.browser()
    await browser.get(home, as('alice'))
    const answer = await browser.post('/jupyter/hub/preferences', { theme: 'dark' }, as('bob'))
    assert.equal(answer.status, 403)
    for (const name of ['alice', 'bob']) assert.equal(place.users.get(name)?.preferences.theme, 'system')
  })
})

describe('signing out behind a front server', () => {
  for (const method of ['get', 'post'] as const) {
    it(`by ${method} ends ours and goes on to the front server’s`, async () => {
      const place = bench({ front: header({ logoutUrl: 'https://sso.example/logout?x=1' }) })
      const browser = place.browser()
      await browser.get(home, as('alice'))
      const answer = await (method === 'get'
        ? browser.get('/jupyter/hub/logout', as('alice'))
        : browser.post('/jupyter/hub/logout', {}, as('alice')))
      const onward =
        method === 'get' ? answer.headers.get('location') : answer.headers.get('refresh')?.replace('0; url=', '')
      assert.equal(onward, 'https://sso.example/logout?x=1')
      assert.equal(answer.status, method === 'get' ? 302 : 200)
      assert.equal(place.people.signIns.size, 0)
      assert.equal(browser.cookies.get('jupyterhub-hub-login'), undefined)
    })

    it(`by ${method} says that the site’s sign-in goes on, where it has no address for that`, async () => {
      const place = bench()
      const browser = place.browser()
      await browser.get(home, as('alice'))
      const answer = await (method === 'get'
        ? browser.get('/jupyter/hub/logout', as('alice'))
        : browser.post('/jupyter/hub/logout', {}, as('alice')))
      const text = await answer.text()
      assert.equal(answer.status, 200)
      assert.match(text, /Your site’s sign-in goes on/)
      assert.doesNotMatch(text, /_xsrf|>alice</)
      assert.equal(place.people.signIns.size, 0, 'and nobody is signed in again on the way')
      // A press on the button of that page, or on any other, begins the next.
      assert.equal((await browser.get(home, as('alice'))).status, 200)
      assert.equal(place.people.signIns.size, 1)
    })
  }

  it('goes on to the front server for who was never signed in here', async () => {
    const place = bench({ front: header({ logoutUrl: '/sso/out' }) })
    const answer = await place.browser().get('/jupyter/hub/logout', as('alice'))
    assert.equal(answer.headers.get('location'), '/sso/out')
    assert.equal(place.people.signIns.size, 0)
  })
})

describe('other ways beside a front server', () => {
  it('stay for requests without its user, and yield to one with', async () => {
    const place = bench({ onlyLinks: false })
    const browser = place.browser()
    await browser.get('/jupyter/hub/login', { 'x-batchway-front': 'no' })
    await browser.post('/jupyter/hub/login', { login: 'dev', username: 'bob' }, { 'x-batchway-front': 'no' })
    assert.deepEqual(await whoseIs(place, browser), ['bob', 'dev'])
    assert.equal((await browser.get(home, as(null))).status, 200)
    assert.deepEqual(await whoseIs(place, browser), ['bob', 'dev'])
    await browser.get(home, as('alice'))
    assert.deepEqual(await whoseIs(place, browser), ['alice', 'header'])
    assert.equal(place.people.signIns.size, 1)
  })

  it('are offered beneath it', async () => {
    const text = await (
      await bench({ onlyLinks: false, front: header({ signInUrl: '/sso' }) })
        .browser()
        .get('/jupyter/hub/login')
    ).text()
    assert.ok(text.indexOf('href="/sso"') > 0 && text.indexOf('href="/sso"') < text.indexOf('name="username"'))
  })
})

describe('openFrontGate', () => {
  const request = (path: string, headers: Record<string, string>) => new Request(`http://hub.test${path}`, { headers })
  const navigation = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }

  async function parts(more: Partial<FrontGateParts> = {}): Promise<FrontGateParts & { asked: number }> {
    const place = webBench({ base: '/' })
    const counted = {
      login: header(),
      people: place.people,
      settings: place.settings,
      log: silentLogger,
      audit: async () => {},
      now: () => 0,
      nonce: () => 'n'.repeat(32),
      addressOf: () => '',
      asked: 0,
      admission: {
        examine: async () => assert.fail('nothing is examined here'),
        admit: async ({ subject }: { subject: string }) => {
          counted.asked += 1
          return { user: await place.people.ensureUser(subject), trail: [] }
        },
      },
      ...more,
    }
    return counted
  }

  it('asks admission once a minute for what the front server says, and anew when it says something else', async () => {
    let now = 0
    const given = await parts({ now: () => now })
    const gate = openFrontGate(given)
    const ask = (data: string) =>
      gate(request('/hub/api/user', { ...as('alice'), 'x-batchway-user-data': data }), () => new Response())
    await ask('a')
    await ask('a')
    assert.equal(given.asked, 1)
    await ask('b')
    assert.equal(given.asked, 2)
    now = 60_000
    await ask('a')
    assert.equal(given.asked, 3)
  })

  it('looks at no request, and ends no sign-in, while it cannot find out who it is', async () => {
    const given = await parts()
    const { signIn, secret } = await given.people.signIn(await ensure(given, 'alice'), {
      way: 'header',
      address: '',
      agent: '',
      endsAt: null,
    })
    const gate = openFrontGate({
      ...given,
      admission: { ...given.admission, admit: () => Promise.reject(new Error('the mapping command failed')) },
    })
    const cookie = { cookie: `jupyterhub-hub-login=${secret}` }
    const seen: string[] = []
    let problem: string | null = null
    const answer = ({ url, headers }: Request) => {
      seen.push(url)
      problem = headers.get('x-batchway-problem')
      return new Response('page')
    }
    assert.equal((await gate(request('/hub/api/user', { ...as('alice'), ...cookie }), answer)).status, 500)
    assert.deepEqual(seen, [])
    await gate(request('/hub/home', { ...as('alice'), ...cookie, ...navigation }), answer)
    assert.deepEqual(seen, ['http://hub.test/hub/login?next=%2Fhub%2Fhome'], 'the page that says so')
    assert.match(problem ?? '', /^500 Your%20sign-in%20cannot%20be%20checked/)
    assert.equal((await given.people.callerOfCookie(secret)).kind, 'browser', signIn.id)

    const away = new BatchwayError('sign_in_unavailable', 'The names cannot be read now.')
    const told = openFrontGate({ ...given, admission: { ...given.admission, admit: () => Promise.reject(away) } })
    const refused = await told(request('/hub/api/user', { ...as('alice'), ...cookie }), answer)
    assert.deepEqual([refused.status, (await refused.text()).includes(away.message)], [away.status, true])
  })

  const ensure = async ({ admission }: FrontGateParts, subject: string) => {
    const admitted = await admission.admit({ subject, claims: {}, endsAt: null })
    if ('refused' in admitted) throw new Error(admitted.refused)
    return admitted.user
  }

  it('shows the request that it signs in with that sign-in alone, and other cookies as they were', async () => {
    const given = await parts()
    const seen: (string | null)[] = []
    const answer = await openFrontGate(given)(
      request('/hub/home', {
        ...as('alice'),
        ...navigation,
        cookie: 'a=1; jupyterhub-hub-login=old; b=2; jupyterhub-hub-login=older',
      }),
      ({ headers }) => {
        seen.push(headers.get('cookie'))
        return new Response(null, { status: 302, headers: { Location: '/x', 'Set-Cookie': 'c=3' } })
      },
    )
    const [kept, login, id] = answer.headers.getSetCookie()
    const secret = /^jupyterhub-hub-login=([^;]+); Path=\/hub\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/.exec(
      login ?? '',
    )?.[1]
    assert.deepEqual(seen, [`a=1; b=2; jupyterhub-hub-login=${secret}`])
    assert.deepEqual([kept, id?.split('=')[0], answer.status], ['c=3', 'jupyterhub-session-id', 302])
  })

  it('signs one user in only so often without a cookie, others and those with one as before', async () => {
    let now = 0
    const given = await parts({ now: () => now })
    const gate = openFrontGate(given)
    const problems: (string | null)[] = []
    const open = (user: string) =>
      gate(request('/hub/home', { ...as(user), ...navigation }), ({ headers }) => {
        problems.push(headers.get('x-batchway-problem')?.slice(0, 3) ?? null)
        return new Response()
      })
    for (let i = 0; i < 61; i += 1) await open('alice')
    assert.deepEqual([problems.filter((each) => each === null).length, problems.at(-1)], [60, '429'])
    await open('bob')
    assert.equal(problems.at(-1), null)
    now = 1_000
    await open('alice')
    assert.equal(problems.at(-1), null)
  })

  it('passes bodies and answers of everything else untouched', async () => {
    const gate = openFrontGate(await parts())
    const post = new Request('http://hub.test/hub/api/users', {
      method: 'POST',
      body: 'x',
      headers: { authorization: 'token t' },
    })
    const given = new Response('y', { status: 403 })
    const answer = await gate(post, (seen) => {
      assert.equal(seen, post)
      return given
    })
    assert.equal(answer, given)
  })

  it('turns a program’s 403 into 401 when nobody is signed in, and leaves it to who is', async () => {
    const given = await parts()
    const gate = openFrontGate(given)
    const refuse = () => new Response('{"status":403}', { status: 403 })
    assert.equal((await gate(request('/hub/api/user', as(null)), refuse)).status, 401)
    const { secret } = await given.people.signIn(await ensure(given, 'alice'), {
      way: 'header',
      address: '',
      agent: '',
      endsAt: null,
    })
    const own = { ...as('alice'), cookie: `jupyterhub-hub-login=${secret}` }
    assert.equal((await gate(request('/hub/api/users', own), refuse)).status, 403)
  })
})

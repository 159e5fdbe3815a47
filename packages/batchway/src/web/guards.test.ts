import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factsOf, makeSession, makeToken, makeUser, noon } from './testing/fake-rooms.ts'
import { type Bench, type Browser, webBench } from './testing/web-bench.ts'

async function house(): Promise<{ bench: Bench; alice: Browser; bob: Browser; nobody: Browser }> {
  const bench = webBench()
  const owner = bench.users.get('alice')
  assert.ok(owner)
  bench.sessions.put(makeSession('gone', owner, factsOf.ended, { serverName: 'old' }))
  bench.sessions.put(makeSession('live', owner, factsOf.queued))
  bench.people.tokens.set(1, makeToken(1, owner))
  bench.people.tokens.set(2, makeToken(2, owner, { kind: 'oauth', clientId: 'jupyterhub-user-bob' }))
  await bench.servers.ensure(owner, 'kept')
  const nobody = bench.browser()
  await nobody.get('/hub/login')
  return { bench, nobody, alice: await bench.signedIn('alice'), bob: await bench.signedIn('bob') }
}

/** Every route that knows a person: what its owner, a stranger and nobody get. */
const routes: readonly [method: 'GET' | 'POST', path: string, owner: number, other: number, anonymous: number][] = [
  ['GET', '/hub/home', 200, 200, 303],
  ['GET', '/hub/history', 200, 200, 303],
  ['GET', '/hub/announcements', 200, 200, 303],
  ['GET', '/hub/sessions/live', 200, 404, 303],
  ['GET', '/hub/sessions/gone', 200, 404, 303],
  ['GET', '/hub/sessions/none', 404, 404, 303],
  ['GET', '/hub/sessions/live/details.json', 200, 404, 303],
  ['GET', '/hub/sessions/gone/details.json', 200, 404, 303],
  ['GET', '/hub/sessions/none/details.json', 404, 404, 303],
  ['POST', '/hub/sessions/live/stop', 303, 404, 303],
  ['POST', '/hub/sessions/gone/relaunch', 303, 404, 303],
  ['GET', '/hub/spawn', 200, 200, 303],
  ['GET', '/hub/spawn/alice', 302, 404, 303],
  ['GET', '/hub/spawn/alice/new', 200, 404, 303],
  ['GET', '/hub/spawn/alice/old?again=gone', 200, 404, 303],
  ['GET', '/hub/spawn?again=gone', 200, 404, 303],
  ['POST', '/hub/spawn/alice/new', 303, 404, 303],
  ['GET', '/hub/spawn-pending/alice', 200, 404, 303],
  ['GET', '/hub/spawn-pending/alice/old', 303, 404, 303],
  ['POST', '/hub/preferences', 303, 303, 303],
  ['GET', '/hub/user/alice/', 303, 404, 303],
  ['GET', '/hub/user/alice/old/lab', 424, 404, 303],
  ['POST', '/hub/user/alice/api/kernels', 424, 404, 403],
  ['GET', '/hub/user/alice/api/status', 424, 404, 403],
  ['GET', '/hub/user/nobody/', 404, 404, 303],
  ['GET', '/hub/user-redirect/lab', 302, 302, 303],
  ['GET', '/hub/servers/kept', 200, 404, 303],
  ['GET', '/hub/servers/none', 404, 404, 303],
  ['POST', '/hub/servers/kept/rename', 422, 404, 303],
  ['POST', '/hub/servers/kept/delete', 303, 404, 303],
  ['GET', '/hub/token', 200, 200, 303],
  ['POST', '/hub/token', 303, 303, 303],
  ['POST', '/hub/token/1/revoke', 303, 404, 303],
  // An invitation of alice’s.
  ['GET', '/hub/accept-share?code=the-code', 403, 200, 303],
  ['GET', '/hub/accept-share?code=none', 404, 404, 303],
  ['GET', '/hub/accept-share', 404, 404, 303],
  ['POST', '/hub/accept-share?code=the-code', 400, 303, 303],
  // For administrators; neither of them is one.
  ['GET', '/hub/admin/sign-in?subject=carol', 403, 403, 303],
  ['GET', '/hub/admin/report', 403, 403, 303],
  ['GET', '/hub/admin', 403, 403, 303],
  ['GET', '/hub/admin/people.csv', 403, 403, 303],
  ['GET', '/hub/admin/sessions.csv', 403, 403, 303],
  ['GET', '/hub/admin/waits.csv', 403, 403, 303],
  ['GET', '/hub/admin/audit', 403, 403, 303],
  ['GET', '/hub/admin/audit.csv', 403, 403, 303],
  ['GET', '/hub/admin/users/alice', 403, 403, 303],
  ['POST', '/hub/admin/users/alice/stop', 403, 403, 303],
  ['POST', '/hub/admin/users/alice/start', 403, 403, 303],
  ['POST', '/hub/admin/announcements', 403, 403, 303],
  ['POST', '/hub/admin/announcements/a1/withdraw', 403, 403, 303],
  ['POST', '/hub/admin/drains', 403, 403, 303],
  ['POST', '/hub/admin/drains/end', 403, 403, 303],
  ['GET', '/hub/nothing', 404, 404, 404],
]

describe('who may see and do what', () => {
  for (const [method, path, owner, other, anonymous] of routes)
    it(`${method} ${path}: owner ${owner}, other ${other}, anonymous ${anonymous}`, async () => {
      for (const [name, status] of [
        ['nobody', anonymous],
        ['bob', other],
        ['alice', owner],
      ] as const) {
        const { bench, ...browsers } = await house()
        const before = JSON.stringify([...bench.sessions.rows])
        const ask = { profile: 'lab', _shown: 'lab', _action: 'start' }
        const answer = await (method === 'GET' ? browsers[name].get(path) : browsers[name].post(path, ask))
        assert.equal(answer.status, status, name)
        if (status === 303 && name === 'nobody')
          assert.match(answer.headers.get('location') ?? '', /^\/hub\/login\?next=/)
        if (name !== 'alice') {
          assert.equal(JSON.stringify([...bench.sessions.rows]), before, `${name} changed something`)
          if (status === 404) assert.doesNotMatch(await answer.text(), /JupyterLab, small|884213/)
        }
      }
    })

  it('covers every route that is mounted', async () => {
    const { bench } = await house()
    const open =
      /^\/hub\/(static|logo|favicon\.ico|health|security|login|logout|error|docs)|^\/favicon\.ico$|^\/$|^\/hub\/?$|^\/user\/\*$/
    const mounted = bench.app.routes.filter(({ method, path }) => method !== 'ALL' || path.includes('/user/'))
    const missing = mounted.filter(({ method, path }) => {
      if (open.test(path)) return false
      const pattern = new RegExp(`^${path.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`)
      return !routes.some(([m, p]) => (m === method || method === 'ALL') && pattern.test(p.split('?', 1)[0] ?? ''))
    })
    // The same handlers as at `spawn/U/S`, checked above.
    const known = new Set(['POST /hub/spawn', 'POST /hub/spawn/:user'])
    assert.deepEqual(
      missing.map(({ method, path }) => `${method} ${path}`).filter((route) => !known.has(route)),
      [],
    )
  })
})

describe('the form token', () => {
  const forms = [
    '/hub/sessions/live/stop',
    '/hub/sessions/gone/relaunch',
    '/hub/spawn',
    '/hub/preferences',
    '/hub/servers/kept/delete',
    '/hub/accept-share?code=bobs-code',
    '/hub/token/1/revoke',
    '/hub/logout',
  ]
  // CVE-2020-36191 (JupyterHub), CVE-2020-36247 (Open OnDemand): forms that another site could post.
  for (const path of forms)
    it(`guards ${path}`, async () => {
      const { bench, alice, bob } = await house()
      const before = JSON.stringify([
        ...bench.sessions.rows,
        ...bench.people.signIns,
        ...bench.people.tokens,
        ...bench.users,
      ])
      const stolen = bob.cookies.get('_xsrf')?.value ?? ''
      const ask = { profile: 'lab', _shown: 'lab', _action: 'start', _server: 'x' }
      for (const [fields, headers] of [
        [{ _xsrf: '' }, {}],
        [{ _xsrf: 'invented' }, {}],
        [{ _xsrf: stolen }, {}],
        [{}, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
        [{}, { 'sec-fetch-site': 'same-site', origin: 'https://app.hub.test' }],
      ] as const) {
        const answer = await alice.post(path, { ...ask, ...fields }, headers)
        assert.equal(answer.status, 403)
        assert.match(await answer.text(), /The form is too old|came from elsewhere/)
      }
      assert.equal(
        JSON.stringify([...bench.sessions.rows, ...bench.people.signIns, ...bench.people.tokens, ...bench.users]),
        before,
      )

      assert.equal((await alice.post(path, ask)).status, 303, 'with the token it works')
    })

  // CVE-2026-40864 (JupyterHub): `Sec-Fetch-Mode: no-cors` was exempt from the form token.
  it('keeps other applications on our origin from reading pages with the visitor’s cookie', async () => {
    const { alice } = await house()
    for (const mode of ['cors', 'no-cors', 'same-origin']) {
      for (const path of ['/hub/home', '/hub/login', '/hub/nothing', '/hub/error/503', '/hub/user/alice/lab']) {
        const answer = await alice.get(path, { 'sec-fetch-mode': mode })
        assert.ok([403, 424].includes(answer.status), `${mode} ${path}: ${answer.status}`)
        assert.doesNotMatch(await answer.text(), /name="_xsrf"/, `${mode} ${path}`)
      }
      for (const path of ['/hub/home', '/hub/login', '/hub/preferences']) {
        const posted = await alice.post(path, { _xsrf: 'guess' }, { 'sec-fetch-mode': mode })
        assert.equal(posted.status, 403, `${mode} ${path}`)
        assert.doesNotMatch(await posted.text(), /name="_xsrf"/, `${mode} ${path}`)
      }
    }
    assert.match(await (await alice.get('/hub/home')).text(), /name="_xsrf"/, 'the person sees the page')
  })

  it('renews a sign-in form that was too old, with the name kept', async () => {
    const { nobody } = await house()
    const answer = await nobody.post('/hub/login', { login: 'dev', username: 'alice', _xsrf: 'stale' })
    const text = await answer.text()
    assert.equal(answer.status, 403)
    assert.match(text, /The form was too old/)
    assert.match(text, /name="username" value="alice"/)
    assert.equal((await nobody.post('/hub/login', { login: 'dev', username: 'alice' })).status, 302)
  })

  it('shows a form that was too old to those alone who may see it', async () => {
    const { bench, alice } = await house()
    const form = { _xsrf: 'stale', text: 'Half a sentence', to: 'everyone', user: '', until: '' }
    for (const path of ['/hub/admin/announcements', '/hub/admin/drains']) {
      const answer = await alice.post(path, form)
      assert.equal(answer.status, 403)
      assert.doesNotMatch(await answer.text(), /Half a sentence|Who is on/)
    }
    bench.users.set('alice', { ...makeUser(1, 'alice'), isAdmin: true })
    assert.match(await (await alice.post('/hub/admin/announcements', form)).text(), />Half a sentence</)
    bench.people.withheld.add('read:tokens!user=alice')
    bench.people.withheld.add('read:tokens')
    assert.equal((await alice.post('/hub/token', form)).status, 403)
    assert.deepEqual(bench.announcements.list(), [])
  })

  it('leaves the page of a sign-in link to be loaded again', async () => {
    const { nobody } = await house()
    const answer = await nobody.post('/hub/login/link', { key: 'secret-key', _xsrf: 'stale' })
    assert.equal(answer.status, 403)
    const text = await answer.text()
    assert.match(text, /load the page again/)
    assert.doesNotMatch(text, /secret-key/)
  })

  it('refuses a form larger than any of ours', async () => {
    const { alice } = await house()
    assert.equal((await alice.post('/hub/preferences', { theme: 'x'.repeat(70_000) })).status, 400)
  })
})

describe('signing in and out', () => {
  it('shows a link without using it, and lets one press of the button win', async () => {
    const bench = webBench()
    const secret = await bench.people.createLink('alice', 600)
    const visitor = bench.browser()
    const page = await visitor.get(`/hub/login/link?key=${secret}`)
    assert.match(await page.text(), /Continue as <bdi>alice<\/bdi>/)
    assert.equal(page.headers.get('referrer-policy'), 'strict-origin')
    await visitor.get(`/hub/login/link?key=${secret}`)
    assert.equal(bench.people.links.size, 1)

    const [first, second] = await Promise.all([
      visitor.post('/hub/login/link', { key: secret }),
      visitor.post('/hub/login/link', { key: secret }),
    ])

    assert.deepEqual([first.status, second.status].sort(), [302, 410])
    assert.equal((await visitor.get(`/hub/login/link?key=${secret}`)).status, 410)
  })

  it('never follows a next that leaves the site', async () => {
    const bench = webBench()
    for (const next of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '/%5cevil',
    ]) {
      const visitor = bench.browser()
      const address = `/hub/login?next=${encodeURIComponent(next)}`
      await visitor.get(address)
      const answer = await visitor.post(address, { login: 'dev', username: 'alice' })
      assert.equal(answer.headers.get('location'), '/hub/home', next)
      assert.equal((await visitor.get(address)).headers.get('location'), '/hub/home', next)
    }
  })

  it('gives new ids at each sign-in and forgets the one before', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const before = alice.cookies.get('jupyterhub-session-id')?.value
    await alice.post('/hub/login', { login: 'dev', username: 'bob' })
    assert.notEqual(alice.cookies.get('jupyterhub-session-id')?.value, before)
    assert.equal(bench.people.signIns.size, 1)
  })

  it('signs out by GET and by the button, and clears the cookies', async () => {
    for (const how of ['get', 'post'] as const) {
      const bench = webBench()
      const alice = await bench.signedIn('alice')
      const answer = await (how === 'get' ? alice.get('/hub/logout') : alice.post('/hub/logout'))
      assert.equal(answer.headers.get('location'), '/hub/login?out=1')
      assert.equal(bench.people.signIns.size, 0)
      assert.deepEqual([...alice.cookies.keys()], [])
      assert.match(await (await alice.get('/hub/login?out=1')).text(), /You are signed out/)
    }
  })

  // CVE-2024-28233 (JupyterHub).
  it('finds the right cookie among tossed ones', async () => {
    const { bench, alice } = await house()
    const secret = alice.cookies.get('jupyterhub-hub-login')?.value
    const cookie = `jupyterhub-hub-login=tossed; jupyterhub-hub-login=${secret}`
    const answer = await bench.app.request('http://hub.test/hub/home', { headers: { cookie } })
    assert.equal(answer.status, 200)
  })

  it('sends a name that cannot be one back with words', async () => {
    const { nobody } = await house()
    const answer = await nobody.post('/hub/login', { login: 'dev', username: '../root' })
    assert.equal(answer.status, 422)
    assert.match(await answer.text(), /A user name must not start with/)
  })
})

describe('headers', () => {
  it('forbid inline script, framing and keeping, on pages, redirects and errors alike', async () => {
    const { alice, nobody } = await house()
    for (const [browser, path] of [
      [nobody, '/hub/login'],
      [nobody, '/hub/home'],
      [alice, '/hub/home'],
      [alice, '/hub/nothing'],
      [alice, '/hub/sessions/none'],
      [alice, '/hub/user/alice/api/x'],
      [nobody, '/hub/error/503'],
    ] as const) {
      const { headers } = await browser.get(path)
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /default-src 'none'/, path)
      assert.match(policy, /frame-ancestors 'none'/, path)
      assert.doesNotMatch(policy, /unsafe/, path)
      assert.equal(headers.get('cache-control'), 'no-store', path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', path)
      assert.equal(headers.get('x-jupyterhub-version'), '5.4.5', path)
    }
  })
  it('serve only the files of the list', async () => {
    const { nobody } = await house()
    for (const name of ['..%2fpages.ts', '%2e%2e/pages.ts', 'app.ts', 'constructor', '__proto__'])
      assert.equal((await nobody.get(`/hub/static/${name}`)).status, 404, name)
    const stale = await nobody.get('/hub/static/app.js?v=old')
    assert.match(stale.headers.get('cache-control') ?? '', /max-age=300/)
  })
  it('take a browser’s report, and anything else sent there, without a word', async () => {
    const { bench } = await house()
    for (const body of ['{"csp-report":{"blocked-uri":"inline"}}', 'not json', '[]'])
      assert.equal((await bench.app.request('/hub/security/csp-report', { method: 'POST', body })).status, 200)
    assert.equal(
      (await bench.app.request('/hub/security/csp-report', { method: 'POST', body: 'x'.repeat(20_000) })).status,
      413,
    )
  })
})

describe('a right over the members of a group', () => {
  it('opens their sessions’ records and their applications, and nobody else’s', async () => {
    const { alice, bob, bench } = await house()
    const hers = [...bench.sessions.rows.values()].find(({ userName }) => userName === 'alice')
    assert.ok(hers)
    const look = async () => [
      (await bob.get(`/hub/sessions/${hers.id}/details.json`)).status,
      (await bob.get('/hub/user/alice/api/status')).status,
    ]
    for (const scope of ['read:servers!group=students', 'access:servers!group=students'])
      bench.people.granted.add(scope)
    assert.deepEqual(await look(), [404, 404], 'she is no student')
    const user = bench.users.get('alice')
    assert.ok(user)
    bench.users.set('alice', { ...user, groups: ['students'] })
    assert.deepEqual(await look(), [200, 424])
    assert.equal((await alice.get(`/hub/sessions/${hers.id}/details.json`)).status, 200)
  })
})

describe('the page of somebody else’s session', () => {
  it('is there for who may read it, with what they may do alone, and for nobody else', async () => {
    const { bob, bench } = await house()
    const owner = bench.users.get('alice')
    assert.ok(owner)
    const ready = bench.sessions.rows.get('live')
    assert.ok(ready)
    bench.sessions.put({ ...ready, facts: factsOf.ready, endsAt: noon + 3_600_000 })
    const page = async () => (await bob.get('/hub/sessions/live')).text()
    const stop = async () => (await bob.post('/hub/sessions/live/stop')).status
    const isStopping = () => bench.sessions.rows.get('live')?.facts.state === 'stopping'

    for (const scope of ['read:servers', 'delete:servers', 'access:servers'])
      for (const filter of ['group=students', 'user=bob', 'server=alice/old'])
        bench.people.granted.add(`${scope}!${filter}`)
    assert.equal((await bob.get('/hub/sessions/live')).status, 404, 'she is no student')
    assert.equal(await stop(), 404)
    bench.users.set('alice', { ...owner, groups: ['students'] })
    assert.match(await page(), /sessions\/live\/stop/)
    assert.match(await page(), /class="btn btn-primary" href="\/user\/alice\//)

    bench.people.granted.delete('delete:servers!group=students')
    bench.people.granted.delete('access:servers!group=students')
    assert.doesNotMatch(await page(), /sessions\/live\/stop|class="btn btn-primary" href="\/user\//)
    assert.equal(await stop(), 404)
    assert.ok(!isStopping())
    assert.equal((await bob.post('/hub/sessions/gone/relaunch')).status, 404)

    bench.people.granted.add('delete:servers!server=alice/')
    assert.equal(await stop(), 303)
    assert.ok(isStopping())
    assert.equal(bench.audited.at(-1)?.actor, 'bob')
  })
})

describe('addresses without a route', () => {
  it('send people to where the hub’s cookie is, and programs a 424', async () => {
    const { alice } = await house()
    assert.equal((await alice.get('/user/alice/lab/tree?a=1')).headers.get('location'), '/hub/user/alice/lab/tree?a=1')
    const posted = await alice.post('/user/alice/api/kernels')
    assert.equal(posted.status, 424)
    assert.match(posted.headers.get('content-type') ?? '', /json/)
    const asked = await alice.get('/hub/user/alice/lab', { accept: 'application/json' })
    assert.equal(asked.status, 424)
    assert.match(await asked.text(), /Start it at \/hub\/spawn\/alice/)
  })
  it('tell an application’s own script 424 too, and never give it a page with a form token', async () => {
    const { bench, alice } = await house()
    bench.sessions.rows.clear()
    for (const headers of [{ 'sec-fetch-mode': 'cors' }, { 'sec-fetch-mode': 'same-origin', accept: 'text/html' }]) {
      const answer = await alice.get('/hub/user/alice/lab', headers)
      assert.equal(answer.status, 424)
      assert.doesNotMatch(await answer.text(), /_xsrf/)
    }
    assert.match(await (await alice.get('/hub/user/alice/lab')).text(), /name="_xsrf"/, 'a navigation gets the page')
  })
  it('lead to the waiting page with the address kept, or to the form when nothing runs', async () => {
    const { bench, alice } = await house()
    const waiting = await alice.get('/hub/user/alice/lab/tree?a=1')
    const kept = encodeURIComponent('/user/alice/lab/tree?a=1')
    assert.equal(waiting.headers.get('location'), `/hub/spawn-pending/alice?next=${kept}`)
    bench.sessions.rows.clear()
    const page = await alice.get('/hub/user/alice/lab/tree?a=1')
    assert.equal(page.status, 424)
    assert.match(await page.text(), new RegExp(`href="/hub/spawn/alice\\?next=${kept}"`))
  })
  it('restore the route of a ready session and go back, but not for ever', async () => {
    const { bench, alice } = await house()
    const live = bench.sessions.rows.get('live')
    assert.ok(live)
    bench.sessions.put({ ...live, facts: factsOf.ready, endsAt: noon + 1000 })
    let address = '/user/alice/lab'
    const rounds: number[] = []
    for (;;) {
      const answer = await alice.get(`/hub${address}`)
      rounds.push(answer.status)
      if (answer.status !== 302) break
      address = answer.headers.get('location') ?? ''
      assert.match(address, /^\/user\/alice\/lab\?redirects=\d$/)
    }
    assert.deepEqual(rounds, [302, 302, 302, 302, 500])
    assert.deepEqual(bench.routed, ['live', 'live', 'live', 'live'])
    assert.deepEqual(bench.sleeps, [2000, 4000, 8000])
  })
  it('find the named server before the main one', async () => {
    const { bench, alice } = await house()
    const owner = bench.users.get('alice')
    assert.ok(owner)
    bench.sessions.put(makeSession('second', owner, factsOf.starting, { serverName: 'second' }))
    const answer = await alice.get('/hub/user/alice/second/lab')
    assert.match(answer.headers.get('location') ?? '', /^\/hub\/spawn-pending\/alice\/second\?next=/)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { User } from '../people/people.ts'
import { factsOf, makeSession, noon, outcome, profiles, spec } from './testing/fake-rooms.ts'
import { type Bench, type Browser, webBench } from './testing/web-bench.ts'

function userNamed(bench: Bench, name: string): User {
  const user = bench.users.get(name)
  assert.ok(user)
  return user
}

for (const base of ['/', '/jupyter/']) {
  const hub = `${base}hub/`
  describe(`pages at ${base}`, () => {
    it('lead from the front door to the sign-in and back to where one wanted to go', async () => {
      const bench = webBench({ base })
      const visitor = bench.browser()
      assert.equal((await visitor.get(base)).headers.get('location'), hub)
      assert.equal((await visitor.get(hub.slice(0, -1))).headers.get('location'), hub)
      assert.equal((await visitor.get(hub)).headers.get('location'), `${hub}login`)
      const wanted = await visitor.get(`${hub}history?before=5`)
      assert.equal(wanted.status, 303)
      const login = wanted.headers.get('location') ?? ''
      assert.equal(login, `${hub}login?next=${encodeURIComponent(`${hub}history?before=5`)}`)

      const page = await (await visitor.get(login)).text()
      assert.match(page, /no password is asked/)
      const back = await visitor.post(login, { login: 'dev', username: ' alice ' })

      assert.equal(back.status, 302)
      assert.equal(back.headers.get('location'), `${hub}history?before=5`)
      assert.equal(visitor.cookies.get('jupyterhub-hub-login')?.path, hub)
      assert.equal(visitor.cookies.get('jupyterhub-session-id')?.path, base)
      assert.equal((await visitor.get(`${hub}history`)).status, 200)
    })

    it('make every address from the base path', async () => {
      const bench = webBench({ base })
      const alice = await bench.signedIn('alice')
      for (const [index, facts] of Object.values(factsOf).entries())
        bench.sessions.put(makeSession(`s${index}`, userNamed(bench, 'alice'), facts, { serverName: `n${index}` }))
      const paths = [
        'home',
        'history',
        'spawn',
        'token',
        'nowhere',
        ...[...bench.sessions.rows.keys()].map((id) => `sessions/${id}`),
      ]
      for (const path of paths) {
        const text = await (await alice.get(hub + path)).text()
        for (const [, address = ''] of text.matchAll(/\s(?:href|action|src|data-events|data-worker)="([^"]*)"/g))
          assert.ok(address.startsWith(base) || /^(#|mailto:)/.test(address), `${path}: ${address}`)
        for (const [, name = '', hash = ''] of text.matchAll(/"[^"]*\/static\/([^"?]+)\?v=(\w+)"/g)) {
          const file = await alice.get(`${hub}static/${name}?v=${hash}`)
          assert.equal(file.status, 200, name)
          assert.match(file.headers.get('cache-control') ?? '', /immutable/, name)
        }
      }
    })

    it('start a session from a posted form and wait for it until its address opens', async () => {
      const bench = webBench({ base })
      const alice = await bench.signedIn('alice')
      const next = `${base}user/alice/lab/tree/x.ipynb`
      const form = await alice.get(`${hub}spawn/alice?next=${encodeURIComponent(next)}`)
      assert.equal(bench.sessions.rows.size, 0, 'a GET starts nothing')
      const action =
        /<form method="post" action="([^"]*spawn[^"]*)"/.exec(await form.text())?.[1]?.replaceAll('&amp;', '&') ?? ''

      const started = await alice.post(action, {
        profile: 'lab',
        _shown: 'lab',
        _action: 'start',
        cores: '2',
        memory: '8',
      })

      assert.equal(started.status, 303)
      const pending = started.headers.get('location') ?? ''
      assert.equal(pending, `${hub}spawn-pending/alice?next=${encodeURIComponent(next)}`)
      assert.match(await (await alice.get(pending)).text(), /<noscript><meta http-equiv="refresh"/)
      assert.deepEqual(userNamed(bench, 'alice').preferences.lastChoice, {
        profile: 'lab',
        fields: { cores: '2', memory: '8' },
      })
      const [session] = bench.sessions.rows.values()
      assert.ok(session)
      bench.sessions.put({ ...session, facts: factsOf.ready })
      assert.equal((await alice.get(pending)).headers.get('location'), next)
      const parts = await alice.get(pending, {
        'hx-request': 'true',
        'sec-fetch-mode': 'cors',
        'x-xsrftoken': alice.cookies.get('_xsrf')?.value ?? '',
      })
      assert.equal(parts.status, 204)
      assert.equal(parts.headers.get('hx-redirect'), next)
    })
  })
}

describe('the launch form', () => {
  const post = async (alice: Browser, fields: Record<string, string>, path = '/hub/spawn') =>
    alice.post(path, { profile: 'lab', _shown: 'lab', _action: 'start', ...fields })

  it('shows an error at its field and on top, and keeps what was typed', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const answer = await post(alice, { cores: '7', memory: '256' })
    const text = await answer.text()
    assert.equal(answer.status, 422)
    assert.equal(bench.sessions.rows.size, 0)
    assert.match(text, /<a href="#f-memory">Memory: 256 GB is more than a node/)
    assert.match(
      text,
      /id="f-memory" name="memory" value="256" aria-invalid="true" aria-describedby="f-memory-e f-memory-h"/,
    )
    assert.match(text, /name="cores" value="7"/)
  })
  it('shows the options of another profile before it starts anything', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const text = await (await post(alice, { profile: 'gpu' })).text()
    assert.match(text, /These are the options of the profile you chose/)
    assert.match(text, /value="gpu" checked/)
    assert.equal(bench.sessions.rows.size, 0)
  })
  it('checks without starting', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    assert.match(await (await post(alice, { _action: 'check', memory: '8' })).text(), /All values fit/)
    assert.equal(bench.sessions.rows.size, 0)
  })
  it('fills in from a link, from the last choice, and from a session that ended, and starts none of them', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    bench.sessions.put(makeSession('old', userNamed(bench, 'alice'), factsOf.ended))
    assert.match(await (await alice.get('/hub/spawn?profile=gpu&cores=9')).text(), /name="cores" value="9"/)
    assert.match(await (await alice.get('/hub/spawn/alice?again=old')).text(), /name="memory" value="16"/)
    await bench.people.savePreferences(1, { lastChoice: { profile: 'lab', fields: { cores: '11' } } })
    assert.match(await (await alice.get('/hub/spawn')).text(), /name="cores" value="11"/)
    assert.equal(bench.sessions.rows.size, 1)
  })
  it('asks for a name when the main session is in use, and refuses one that cannot be read', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), factsOf.ready))
    assert.match(await (await post(alice, {})).text(), /Give this one a name/)
    for (const name of ['a\nb', '\u202ebal', '\u0007', 'x'.repeat(256)])
      assert.equal((await post(alice, { _server: name })).status, 422, name)
    const named = await post(alice, { _server: 'second' })
    assert.equal(named.headers.get('location'), '/hub/spawn-pending/alice/second')
  })
  it('takes a double click for one', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const answers = await Promise.all([post(alice, {}, '/hub/spawn/alice'), post(alice, {}, '/hub/spawn/alice')])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [303, 303],
    )
    assert.equal(bench.sessions.rows.size, 1)
  })
  it('relaunches what ended, or says why not', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const gone = { ...spec, profile: { key: 'gone', title: 'Gone' } }
    bench.sessions.put(makeSession('gone', userNamed(bench, 'alice'), factsOf.ended, { spec: gone }))
    const refused = await alice.post('/hub/sessions/gone/relaunch')
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /not offered any more/)
    bench.sessions.put(makeSession('old', userNamed(bench, 'alice'), factsOf.ended))
    const answer = await alice.post('/hub/sessions/old/relaunch')
    assert.equal(answer.headers.get('location'), '/hub/spawn-pending/alice')
    assert.equal(bench.sessions.rows.size, 3)
  })
  it('says so when nothing is offered', async () => {
    const alice = await webBench({ profiles: [] }).signedIn('alice')
    assert.match(await (await alice.get('/hub/spawn')).text(), /No profile is offered to you/)
    assert.match(await (await alice.get('/hub/home')).text(), /No profile is offered to you yet/)
  })
})

describe('sessions on the pages', () => {
  it('tells state, sentence, reason and what one can do', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const expected: readonly [keyof typeof factsOf, RegExp][] = [
      ['submitting', /Asking larch for a place/],
      [
        'queued',
        /Waiting for 4 cores in batch\. Expected start: 14:05\.[\s\S]*Other jobs are ahead[\s\S]*<code>Priority<\/code>/,
      ],
      ['starting', /JupyterLab is starting\./],
      ['ready', /Open JupyterLab[\s\S]*2:18 h/],
      ['stopping', /JupyterLab is being stopped/],
      ['ended', /It needed more than the 16 GB[\s\S]*Kernel 91ab died: signal 9[\s\S]*session\.out-of-memory/],
    ]
    for (const [state, words] of expected) {
      bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), factsOf[state]))
      const text = await (await alice.get('/hub/sessions/s1')).text()
      assert.match(text, words, state)
      assert.equal(/href="\/user\/alice\/lab"/.test(text), state === 'ready', state)
    }
  })
  it('offers no way in while the agent is silent, and says that nothing is concluded from silence', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), { ...factsOf.ready, reachable: false }))
    bench.sessions.health = { lastAnswerAt: noon - 600_000, failingSince: noon - 540_000, words: 'timeout' }
    const text = await (await alice.get('/hub/sessions/s1')).text()
    assert.match(text, /Not answering/)
    assert.match(
      text,
      /larch has not answered since 13:32 \(10 min\)\.<\/strong> The session is as it was then\. Nothing is lost/,
    )
    assert.doesNotMatch(text, /href="\/user\/alice\/lab"/)
    assert.equal((await alice.get('/hub/spawn-pending/alice')).status, 200)
  })
  it('says in words that the scheduler has suspended what was ready', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const told = async (paused: boolean): Promise<string> => {
      bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), { ...factsOf.ready, paused }))
      return (await alice.get('/hub/sessions/s1')).text()
    }
    const words = /is paused\.<\/strong> The scheduler suspended the job; it goes on where it was\./
    assert.match(await told(true), words)
    assert.doesNotMatch(await told(false), words)
  })
  it('says that the scheduler is clearing up after a job that is over, in every state that has one', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const told = async (state: keyof typeof factsOf, phase: 'running' | 'ending'): Promise<string> => {
      bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), factsOf[state]))
      bench.sessions.words.set('s1', { askedAt: noon, phase })
      return (await alice.get('/hub/sessions/s1')).text()
    }
    for (const state of ['queued', 'starting', 'ready'] as const) {
      assert.match(
        await told(state, 'ending'),
        /JupyterLab is ending\.[\s\S]*larch is clearing up after its job\./,
        state,
      )
      assert.match(await told(state, 'ending'), /<title>Ending/, state)
      assert.doesNotMatch(await told(state, 'running'), /is ending|<title>Ending/, state)
    }
    assert.match(await told('stopping', 'ending'), /is being stopped\.[\s\S]*larch is clearing up after its job\./)
    assert.match(await (await alice.get('/hub/home')).text(), /Stopping/)
    assert.doesNotMatch(await told('ended', 'ending'), /is ending/)
  })
  it('says since when a scheduler that answers has not shown the job, if it misses any', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), factsOf.ready))
    const told = async (missing: number, askedAt: number | null): Promise<string> => {
      bench.sessions.health = { lastAnswerAt: noon, failingSince: null, words: null, missing }
      if (askedAt === null) bench.sessions.words.delete('s1')
      else bench.sessions.words.set('s1', { askedAt, phase: 'running' })
      return (await alice.get('/hub/sessions/s1')).text()
    }
    assert.match(await told(1, noon - 600_000), /larch answers, and has not shown this job since 13:32 \(10 min\)\./)
    assert.match(await told(1, null), /has not shown this job since the gateway was started\./)
    for (const [missing, askedAt] of [
      [0, noon - 600_000],
      [1, noon - 4_000],
    ] as const)
      assert.doesNotMatch(await told(missing, askedAt), /has not shown/)
  })
  it('stops by a posted form, and leads to the session', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    bench.sessions.put(makeSession('s1', userNamed(bench, 'alice'), factsOf.ready))
    const answer = await alice.post('/hub/sessions/s1/stop')
    assert.equal(answer.headers.get('location'), '/hub/sessions/s1')
    assert.equal(bench.sessions.rows.get('s1')?.facts.state, 'stopping')
  })
  it('pages through the history', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    for (let n = 0; n < 30; n++)
      bench.sessions.put(makeSession(`e${n}`, userNamed(bench, 'alice'), factsOf.ended, { endedAt: noon - n * 60_000 }))
    const first = await (await alice.get('/hub/history')).text()
    assert.equal(first.match(/<tr role="row"><th scope="row"/g)?.length, 25)
    const older = /href="(\/hub\/history\?before=\d+)"/.exec(first)?.[1] ?? ''
    assert.equal((await (await alice.get(older)).text()).match(/<tr role="row"><th scope="row"/g)?.length, 5)
    assert.match(await (await alice.get('/hub/home')).text(), /All 30 sessions/)
  })
  it('gives our script the changed parts without the frame', async () => {
    const alice = await webBench().signedIn('alice')
    const token = alice.cookies.get('_xsrf')?.value ?? ''
    const answer = await alice.get('/hub/home', {
      'hx-request': 'true',
      'sec-fetch-mode': 'cors',
      'x-xsrftoken': token,
    })
    const text = await answer.text()
    assert.match(text, /^\s*<title>Home/)
    assert.doesNotMatch(text, /<html|<header|<script/)
  })
  it('saves the appearance and writes it into the page', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const answer = await alice.post('/hub/preferences', { theme: 'dark', contrast: 'more', next: '/hub/history' })
    assert.equal(answer.headers.get('location'), '/hub/history')
    const text = await (await alice.get('/hub/home')).text()
    assert.match(text, /<html lang="en" data-bs-theme="dark" data-contrast="more">/)
    await alice.post('/hub/preferences', { theme: '"><script>', next: 'https://evil.example/' })
    assert.equal(userNamed(bench, 'alice').preferences.theme, 'system')
  })
})

describe('hostile values', () => {
  const evil = `"><script>alert(1)</script>'\u202e{{ 7 | times: 7 }}<img src=x onerror=alert(2)>`
  // CVE-2026-44371, CVE-2026-26002 and 4.0.3 (Open OnDemand), CVE-2017-18635 (noVNC): names and messages of others became
  // HTML.
  it('never become markup, on any page', async () => {
    const bench = webBench({
      profiles: profiles.map((card) => ({ ...card, title: evil, description: evil, place: evil, application: evil })),
      settings: { announcement: evil, siteName: evil },
    })
    const alice = await bench.signedIn('alice')
    const hostile = {
      ...spec,
      cluster: evil,
      profile: { key: 'lab', title: evil },
      application: { ...spec.application, title: evil },
    }
    const waiting = { ...factsOf.queued.waiting, reason: evil }
    const states = [
      factsOf.submitting,
      { ...factsOf.queued, waiting },
      { ...factsOf.queued, waiting: { ...waiting, hold: 'held' } },
      { ...factsOf.starting, node: evil },
      { ...factsOf.ready, node: evil },
      factsOf.stopping,
      { state: 'ended', outcome: { ...outcome, words: evil, by: evil, signal: evil, log: [evil], logPlace: evil } },
    ] as const
    for (const [index, facts] of states.entries())
      bench.sessions.put(
        makeSession(`s${index}`, userNamed(bench, 'alice'), facts, { spec: hostile, serverName: `${index}${evil}` }),
      )
    bench.sessions.health = { lastAnswerAt: noon - 60_000, failingSince: noon, words: evil }
    for (const id of bench.sessions.rows.keys())
      bench.sessions.events.set(id, [{ sessionId: id, seq: 1, at: noon, type: evil, data: { job: evil, node: evil } }])
    await bench.people.savePreferences(1, { lastChoice: { profile: 'lab', fields: { cores: evil, memory: evil } } })
    const query = encodeURIComponent(evil)
    const pages = [
      '/hub/home',
      '/hub/history',
      '/hub/spawn',
      `/hub/spawn?profile=lab&walltime=${query}&${query}=1`,
      `/hub/spawn-pending/alice/${encodeURIComponent(`1${evil}`)}`,
      `/hub/login/link?key=${query}`,
      `/hub/error/503?url=${query}`,
      `/hub/${query}`,
      `/hub/user/alice/${query}/x`,
      ...[...bench.sessions.rows.keys()].map((id) => `/hub/sessions/${id}`),
    ]
    for (const path of pages) {
      const answer = await alice.get(path)
      const text = await answer.text()
      assert.ok(answer.status < 500 || path.includes('503'), `${path}: ${answer.status}`)
      assert.doesNotMatch(text, /<script>|<img src=x|alert\(1\)<\/script/, path)
      assert.doesNotMatch(text, /\b49\b.*onerror/, path)
    }
    const silent = await (await alice.get('/hub/home')).text()
    assert.match(silent, /The last try ended with: <code>&#34;&gt;&lt;script&gt;/)
    assert.doesNotMatch(silent.slice(silent.indexOf('The last try'), silent.indexOf('</code>')), /\u202e/)
    const record = await alice.get('/hub/sessions/s6/details.json')
    assert.equal(record.headers.get('content-type'), 'application/json')
    assert.equal(record.headers.get('x-content-type-options'), 'nosniff')
    assert.match(record.headers.get('content-disposition') ?? '', /^attachment; filename="session-s6\.json"$/)
    const login = await bench.browser().get(`/hub/login?next=${encodeURIComponent('/hub/<script>')}`)
    assert.doesNotMatch(await login.text(), /<script>/)
    const wrong = await alice.post('/hub/login', { login: 'dev', username: evil })
    assert.equal(wrong.status, 422)
    assert.doesNotMatch(await wrong.text(), /<script>/)
    const launch = await alice.post('/hub/spawn', { profile: evil, _shown: evil, _action: 'start', _server: evil })
    assert.equal(launch.status, 422)
    assert.doesNotMatch(await launch.text(), /<script>/)
  })
})

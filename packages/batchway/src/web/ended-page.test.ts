import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outcome, OutcomeCode, Session } from '../sessions/session.ts'
import { factsOf, makeSession, noon, outcome, profiles, spec } from './testing/fake-rooms.ts'
import { type Browser, webBench } from './testing/web-bench.ts'

const log = Array.from({ length: 200 }, (_, index) => `line ${index + 1} of the log`)

async function ended(more: Partial<Outcome>, session: Partial<Session> = {}) {
  const bench = webBench()
  const alice = await bench.signedIn('alice')
  const owner = bench.users.get('alice')
  assert.ok(owner)
  bench.sessions.put(makeSession('s1', owner, { state: 'ended', outcome: { ...outcome, ...more } }, session))
  const page = async (browser: Browser = alice) => (await browser.get('/hub/sessions/s1')).text()
  return { bench, alice, page }
}

const withResources = (resources: Partial<Session['spec']['resources']>, key = 'lab'): Partial<Session> => ({
  spec: { ...spec, profile: { key, title: 'A profile' }, resources: { ...spec.resources, ...resources } },
})

describe('the log of an ended session', () => {
  it('shows its end where something failed, all of it in a box that scrolls by keyboard', async () => {
    const text = await (await ended({ log })).page()
    const card = text.slice(text.indexOf('id="h-log"'), text.indexOf('id="h-err"'))
    const [before = '', fold = ''] = card.split('<details')
    assert.match(before, /line 189 [\s\S]*line 200 /)
    assert.doesNotMatch(before, /line 188 /)
    assert.match(fold, /All 200 lines/)
    assert.match(fold, /<pre class="bw-pre bw-tall" tabindex="0" role="region" aria-label="All log lines">line 1 of/)
  })
  it('is behind a fold where nobody asked for it', async () => {
    for (const code of ['stopped-by-user', 'finished', 'idle', 'walltime'] as const) {
      const text = await (await ended({ code, log, words: 'cancelled' })).page()
      const card = text.slice(text.indexOf('id="h-log"'), text.indexOf('id="h-err"'))
      assert.match(card.split('<details')[1] ?? '', /Show the last 200 lines[\s\S]*line 1 of the log/, code)
      assert.doesNotMatch(card.split('<details')[0] ?? '', /line 200/, code)
      assert.doesNotMatch(text, /In its own words/, code)
    }
  })
})

describe('what support gets', () => {
  it('names code, words, job, node, times and page, and no secret', async () => {
    const words = 'see http://n1:8888/?token=0123456789abcdef'
    const { page, bench } = await ended({ words, log: ['token=fedcba9876543210'] })
    bench.sessions.events.set('s1', [
      {
        sessionId: 's1',
        seq: 1,
        at: noon,
        type: 'ready',
        data: { from: 'starting', to: 'ready', job: '884102', node: 'n042' },
      },
    ])
    const text = await page()
    const copied = /id="support-text"[^>]*>([^<]*)</.exec(text)?.[1] ?? ''
    for (const part of [
      'Code: session.out-of-memory',
      'What happened: It needed more than the 16 GB',
      'larch recorded: OUT_OF_MEMORY',
      'Job: 884102',
      'Node: n042',
      'Ended: Thu 19 Nov, 13:22 CET (2026-11-19T12:22:10.000Z)',
      'Page: http://hub.test/hub/sessions/s1',
    ])
      assert.ok(copied.includes(part), part)
    assert.doesNotMatch(copied, /0123456789abcdef|fedcba/)
    assert.match(text, /<button type="button"[^>]*data-copy="support-text" data-said="support-said"/)
    assert.match(text, /<span class="small" role="status" id="support-said">/)
  })
  it('can be downloaded with all that is kept, by its owner and by administrators', async () => {
    const { bench, alice } = await ended({ log: ['GET /?token=fedcba9876543210'] })
    bench.sessions.events.set('s1', [{ sessionId: 's1', seq: 1, at: noon, type: 'queued', data: { job: '884102' } }])
    const admin = bench.users.get('bob')
    assert.ok(admin)
    const bob = await bench.signedIn('bob')
    assert.equal((await bob.get('/hub/sessions/s1/details.json')).status, 404)
    bench.users.set('bob', { ...admin, isAdmin: true })
    for (const browser of [alice, bob]) {
      const answer = await browser.get('/hub/sessions/s1/details.json')
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-type'), 'application/json')
      assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="session-s1.json"')
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      const record = JSON.parse(await answer.text())
      assert.equal(record.outcome.code, 'out-of-memory')
      assert.equal(record.outcome.accounting.words, 'OUT_OF_MEMORY')
      assert.equal(record.job, '884102')
      assert.deepEqual(record.events, [
        { seq: 1, at: '2026-11-19T12:42:10.000Z', type: 'queued', data: { job: '884102' } },
      ])
      assert.doesNotMatch(JSON.stringify(record), /fedcba|jupyterhub-singleuser/)
    }
    const page = await (await bob.get('/hub/sessions/s1')).text()
    assert.match(page, /<dt>User<\/dt>\s*<dd[^>]*>alice/)
    assert.doesNotMatch(page, /Relaunch|relaunch/, 'only its owner starts it again')
    assert.equal((await bob.post('/hub/sessions/s1/relaunch')).status, 404)
    assert.match(await (await alice.get('/hub/sessions/s1')).text(), /Relaunch as it was/)
  })
  it('offers first what does not end the same way again', async () => {
    for (const [code, first] of [
      ['application-not-found', 'Edit and relaunch'],
      ['finished', 'Relaunch as it was'],
    ] as const) {
      const text = await (await ended({ code })).page()
      const [, words = ''] = /btn-primary[^>]*>(.*?)<\/(?:a|button)>/s.exec(text) ?? []
      assert.equal(words.replace(/<.*?>/gs, '').trim(), first, code)
    }
  })
  it('is there in every state', async () => {
    const { bench, alice } = await ended({})
    const owner = bench.users.get('alice')
    assert.ok(owner)
    for (const [state, facts] of Object.entries(factsOf)) {
      bench.sessions.put(makeSession(state, owner, facts))
      const record = await (await alice.get(`/hub/sessions/${state}/details.json`)).json()
      assert.equal((record as { state: string }).state, state)
    }
  })
})

describe('the relaunch that is suggested', () => {
  const table: readonly [string, OutcomeCode, Partial<Session>, RegExp][] = [
    ['half as much again', 'out-of-memory', {}, /24 GB instead of 16 GB[\s\S]*Relaunch with 24 GB/],
    ['rounded up', 'out-of-memory', withResources({ memoryMiB: 300 }), /512 MB instead of 300 MB/],
    ['no more than the profile gives', 'out-of-memory', withResources({ memoryMiB: 163_840 }), /Relaunch with 180 GB/],
    ['twice the time', 'walltime', {}, /8 h instead of 4 h[\s\S]*Relaunch with 8 h/],
    ['no more time than the profile gives', 'walltime', withResources({ wallSeconds: 72_000 }), /Relaunch with 24 h/],
    [
      'none at the limit',
      'out-of-memory',
      withResources({ memoryMiB: 184_320 }),
      /180 GB is the most that this profile gives/,
    ],
    ['none where nothing can be chosen', 'out-of-memory', withResources({}, 'local'), /This profile always has 16 GB/],
    ['none where the profile is gone', 'walltime', withResources({}, 'gone'), /not offered any more/],
    ['none where it would not help', 'node-failure', {}, /Start it again: it gets another node\.<\/p>/],
  ]
  for (const [what, code, session, words] of table)
    it(`asks for ${what}: ${code}`, async () => {
      const text = await (await ended({ code }, session)).page()
      assert.match(text, words)
      assert.equal(/Relaunch with/.test(text), /Relaunch with/.test(words.source) || /instead of/.test(words.source))
    })

  it('is a form that starts just that', async () => {
    const { alice, page, bench } = await ended({})
    const [, action = '', name = '', value = ''] =
      /<form method="post" action="([^"]+)"><input[^>]*><input type="hidden" name="(memory)" value="([^"]+)">/.exec(
        await page(),
      ) ?? []
    assert.equal(bench.sessions.rows.size, 1, 'looking starts nothing')
    const answer = await alice.post(action, { [name]: value })
    assert.equal(answer.headers.get('location'), '/hub/spawn-pending/alice')
    const started = [...bench.sessions.rows.values()].find(({ facts }) => facts.state === 'submitting')
    assert.equal(started?.spec.resources.memoryMiB, 24_576)
  })
  it('cannot change what the profile does not offer, nor ask for more than it gives', async () => {
    const { alice, bench } = await ended({ code: 'walltime' }, withResources({}, 'local'))
    assert.equal((await alice.post('/hub/sessions/s1/relaunch', { memory: '99', partition: 'x' })).status, 303)
    const started = [...bench.sessions.rows.values()].find(({ facts }) => facts.state === 'submitting')
    assert.deepEqual(started?.spec.resources, profiles.find(({ key }) => key === 'local')?.resources)
    const other = await ended({})
    assert.equal((await other.alice.post('/hub/sessions/s1/relaunch', { memory: '999' })).status, 422)
    assert.equal(other.bench.sessions.rows.size, 1)
  })
})

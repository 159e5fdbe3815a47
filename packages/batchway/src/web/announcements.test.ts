/** What is announced, and what is refused, on the pages. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factsOf, makeSession, noon, spec } from './testing/fake-rooms.ts'
import { type Browser, webBench } from './testing/web-bench.ts'

const bannersOf = (html: string): string => /<div id="banners".*?id="announce"/s.exec(html)?.[0] ?? ''
const textOf = async (visitor: Browser, path: string) => (await visitor.get(path)).text()
const evil = `<img src=x onerror=alert(1)>'"&`

describe('announcements on the pages', () => {
  it('stand on every page of whom they are for, the waiting page among them, and on no other’s', async () => {
    const bench = webBench()
    const [alice, bob] = [await bench.signedIn('alice'), await bench.signedIn('bob')]
    const owner = bench.users.get('alice')
    assert.ok(owner)
    bench.sessions.put(makeSession('live', owner, factsOf.queued))
    for (const [text, to] of [
      ['For all.', { kind: 'everyone' }],
      ['For larch.', { kind: 'cluster', cluster: 'larch' }],
      ['For her.', { kind: 'user', user: 'alice' }],
    ] as const)
      await bench.announcements.publish({ text, to, until: noon + 86_400_000 }, 'carol')
    for (const path of [
      '/hub/home',
      '/hub/spawn-pending/alice',
      '/hub/sessions/live',
      '/hub/history',
      '/hub/token',
      '/hub/spawn',
      '/hub/announcements',
    ]) {
      const page = bannersOf(await textOf(alice, path))
      for (const text of ['For all.', 'For larch.', 'For her.', 'Until Fri 20 Nov, 13:42 CET'])
        assert.ok(page.includes(text), `${path}: ${text}`)
    }
    const his = bannersOf(await textOf(bob, '/hub/home'))
    assert.ok(his.includes('For all.') && !/For larch|For her/.test(his))
    const nobodys = await textOf(bench.browser(), '/hub/error/503')
    assert.ok(nobodys.includes('For all.') && !/For larch|For her/.test(bannersOf(nobodys)))
    const signIn = await textOf(bench.browser(), '/hub/login')
    assert.ok(signIn.includes('For all.') && !/For larch|For her/.test(signIn))
  })

  it('are text, whatever they hold', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    await bench.announcements.publish({ text: evil, to: { kind: 'everyone' }, until: null }, 'carol')
    const html = await textOf(alice, '/hub/home')
    assert.ok(!html.includes('<img src=x') && html.includes('&lt;img src=x'))
  })

  it('come with every fragment, so that open pages change', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const xsrf = alice.cookies.get('_xsrf')?.value ?? ''
    const headers = { 'hx-request': 'true', 'x-xsrftoken': xsrf, 'sec-fetch-mode': 'cors' }
    const version = async () =>
      /id="banners" data-version="([^"]*)"/.exec(await (await alice.get('/hub/announcements', headers)).text())?.[1]
    assert.equal(await version(), '')
    const { id } = await bench.announcements.publish({ text: 'New.', to: { kind: 'everyone' }, until: null }, 'carol')
    assert.equal(await version(), id)
    await bench.announcements.withdraw(id)
    assert.equal(await version(), '')
  })
})

describe('a drain in the launch form', () => {
  const ask = { profile: 'lab', _shown: 'lab', _server: 'new', _action: 'start' }

  it('is told before, and starts nothing and makes nothing, with its reason', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    assert.doesNotMatch(await textOf(alice, '/hub/spawn'), /takes no new sessions/)
    await bench.drains.begin(spec.cluster, 'Maintenance until noon', 'carol')
    const words = 'larch takes no new sessions at the moment: Maintenance until noon.'
    assert.ok((await textOf(alice, '/hub/spawn')).includes(words))
    for (const _action of ['check', 'start'] as const) {
      const answer = await alice.post('/hub/spawn', { ...ask, _action })
      const html = await answer.text()
      assert.equal(answer.status, _action === 'start' ? 503 : 200)
      assert.ok(html.includes(words) && html.includes('Nothing was started.'), _action)
    }
    assert.equal(bench.sessions.rows.size, 0)
    const owner = bench.users.get('alice')
    assert.ok(owner)
    assert.deepEqual(await bench.servers.listOf(owner.id), [])
    assert.deepEqual(
      bench.audited.filter(({ action }) => action === 'session-start').map(({ outcome, detail }) => [outcome, detail]),
      [['refused', 'draining']],
    )
    await bench.drains.end(spec.cluster)
    assert.equal((await alice.post('/hub/spawn', ask)).status, 303)
  })

  it('of another cluster stands in nobody’s way', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    await bench.drains.begin('spruce', 'Maintenance', 'carol')
    assert.equal((await alice.post('/hub/spawn', ask)).status, 303)
  })
})

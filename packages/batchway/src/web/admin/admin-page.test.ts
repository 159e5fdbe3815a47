/** The pages for administrators: what they show, do and ask of the house, and for whom. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { busySite } from '../testing/busy-site.ts'
import { factsOf, makeSession, makeUser, noon, spec } from '../testing/fake-rooms.ts'
import { type Bench, type Browser, webBench } from '../testing/web-bench.ts'

const evil = `<img src=x onerror=alert(1)>'"&`
const textOf = async (visitor: Browser, path: string) => (await visitor.get(path)).text()
const rowsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<tr role="row" id="u-([^"]*)"/g)].map(([, name]) => name ?? '')

async function site(people = 30): Promise<{ bench: Bench; bob: Browser }> {
  const bench = webBench()
  await busySite(bench, people)
  return { bench, bob: await bench.signedIn('bob') }
}

/** Somebody who is no administrator, with these scopes. */
async function helper(scopes: readonly string[]): Promise<{ bench: Bench; carol: Browser }> {
  const bench = webBench()
  await busySite(bench, 3)
  bench.users.set('carol', makeUser(900, 'carol'))
  for (const scope of scopes) bench.people.granted.add(scope)
  return { bench, carol: await bench.signedIn('carol') }
}

describe('who is on', () => {
  it('shows people by pages, sorted, filtered and searched by its address alone', async () => {
    const { bob } = await site()
    const first = await textOf(bob, '/hub/admin')
    assert.deepEqual(rowsOf(first).slice(0, 3), ['alice', 'dave', 'erin'])
    assert.equal(rowsOf(first).length, 15)
    assert.match(first, /1–15 of 36 people/)
    assert.match(first, /<title>Admin: 36 people on · Batchway<\/title>/)
    assert.deepEqual(rowsOf(await textOf(bob, '/hub/admin?page=3')).length, 6)
    assert.deepEqual(rowsOf(await textOf(bob, '/hub/admin?page=99')).length, 6, 'the last page')
    assert.equal(rowsOf(await textOf(bob, '/hub/admin?sort=-user'))[0], 'user0029')
    assert.deepEqual(rowsOf(await textOf(bob, '/hub/admin?q=user001&state=ready&place=larch')), [
      'user0012',
      'user0015',
      'user0018',
    ])
    const everyone = await textOf(bob, '/hub/admin?state=everyone&sort=-user')
    assert.match(everyone, /of 37 people/)
    assert.match(everyone, /Start a session for bob|user0029/)
    assert.match(await textOf(bob, '/hub/admin?q=nobody-here'), /Nobody fits/)
  })

  it('shows health, figures, charts with their tables, failures, announcements and drains', async () => {
    const { bench, bob } = await site()
    const failing = { lastAnswerAt: noon - 600_000, failingSince: noon - 500_000, words: 'connect failure' }
    const [larch, spruce] = bench.desk.state.clusters
    assert.ok(larch && spruce)
    bench.desk.state = {
      ...bench.desk.state,
      clusters: [{ ...larch, health: failing }, spruce],
      proxy: { ms: null, routes: 0 },
    }
    const html = await textOf(bob, '/hub/admin')
    assert.match(html, /silent since 13:32/)
    assert.match(html, /37 sessions there keep their last known state\. connect failure/)
    assert.match(html, /<strong>Proxy<\/strong>.*does not answer/)
    assert.match(html, /<strong>Database<\/strong>.*SQLite, answers at once/)
    assert.match(html, /spruce takes no new sessions at the moment: Its file system is being checked\./)
    assert.equal(html.match(/<svg role="img"/g)?.length, 2)
    assert.ok((html.match(/<tbody><tr><th scope="row">/g)?.length ?? 0) === 2, 'a table beside each chart')
    assert.match(html, /Home full/)
    assert.match(html, /Maintenance on Tue 24 Nov/)
  })

  it('gives its tables as files', async () => {
    const { bob } = await site()
    const people = await bob.get('/hub/admin/people.csv?state=ready')
    assert.match(people.headers.get('content-type') ?? '', /^text\/csv/)
    assert.match(people.headers.get('content-disposition') ?? '', /filename="people\.csv"/)
    const lines = (await people.text()).trimEnd().split('\r\n')
    assert.match(lines[0] ?? '', /^user,server,account,state,cluster/)
    assert.equal(lines.length, 1 + 13, 'alice has two')
    const hours = (await textOf(bob, '/hub/admin/sessions.csv')).trimEnd().split('\r\n')
    assert.equal(hours.length, 25)
    assert.equal(hours[0], 'Hour,Ready,On the way')
    assert.match(await textOf(bob, '/hub/admin/waits.csv'), /^Wait,batch,debug,gpu\r\nunder 10 s,/)
  })

  it('stops all of one person’s sessions, or one, and comes back to the list as it was', async () => {
    const { bench, bob } = await site()
    const answer = await bob.post('/hub/admin/users/alice/stop', { session: 'second' })
    assert.equal(answer.headers.get('location'), '/hub/admin/users/alice')
    assert.deepEqual(
      [bench.sessions.rows.get('second')?.facts.state, bench.sessions.rows.get('on0')?.facts.state],
      ['stopping', 'ready'],
    )
    const back = await bob.post('/hub/admin/users/alice/stop', { back: '?q=al&page=2&next=//evil.example' })
    assert.equal(back.headers.get('location'), '/hub/admin?q=al&page=2')
    assert.equal(bench.sessions.rows.get('on0')?.facts.state, 'stopping')
    assert.equal((await bob.post('/hub/admin/users/alice/stop')).status, 303, 'a second press')
    assert.equal(bench.audited.filter(({ action }) => action === 'session-stop').length, 2)
  })

  it('starts for somebody: as they chose last, or a profile, refused in the same words as their own start', async () => {
    const { bench, bob } = await site()
    const startFor = (name: string, form: Record<string, string>) => bob.post(`/hub/admin/users/${name}/start`, form)
    assert.equal((await startFor('alice', { server: 'third' })).status, 303)
    assert.equal((await startFor('alice', { profile: 'gpu', server: 'fourth' })).status, 303)
    const started = [...bench.sessions.rows.values()].filter(({ serverName }) => /third|fourth/.test(serverName))
    assert.deepEqual(
      started.map(({ userName, spec: { profile } }) => [userName, profile.key]),
      [
        ['alice', 'lab'],
        ['alice', 'gpu'],
      ],
    )
    assert.equal(bench.users.get('alice')?.preferences.lastChoice?.profile, 'lab', 'what she chooses for herself stays')
    assert.match(await (await startFor('alice', {})).text(), /Their main session is in use/)
    assert.match(await (await startFor('alice', { profile: 'none', server: 'x' })).text(), /not offered/)
    bench.users.set('zoe', makeUser(901, 'zoe'))
    assert.match(await (await startFor('zoe', {})).text(), /have not chosen a profile yet/)
    await bench.drains.begin(spec.cluster, 'Maintenance', 'bob')
    const refused = await startFor('zoe', { profile: 'lab' })
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /larch takes no new sessions at the moment: Maintenance\./)
    assert.equal((await startFor('nobody-here', { profile: 'lab' })).status, 404)
  })

  it('announces and drains, keeps what was typed when it does not fit, and takes both back', async () => {
    const { bench, bob } = await site(1)
    const form = { text: 'Hello.', to: 'user', user: 'nobody-here', until: '' }
    const wrong = await bob.post('/hub/admin/announcements', form)
    const html = await wrong.text()
    assert.equal(wrong.status, 422)
    assert.match(html, /Nobody is called/)
    assert.match(html, /value="nobody-here"/)
    assert.match(html, />Hello\.<\/textarea>/)
    assert.match(
      await (await bob.post('/hub/admin/announcements', { ...form, user: 'alice', until: 'soon' })).text(),
      /is no time/,
    )
    assert.equal(
      (await bob.post('/hub/admin/announcements', { ...form, user: 'alice', until: '2026-11-19T15:00' })).status,
      303,
    )
    const [made] = bench.announcements.list()
    assert.deepEqual([made?.to, made?.until], [{ kind: 'user', user: 'alice' }, Date.parse('2026-11-19T14:00Z')])
    await bob.post('/hub/admin/announcements', { text: 'Slow.', to: 'cluster:larch' })
    assert.deepEqual(bench.announcements.list()[0]?.to, { kind: 'cluster', cluster: 'larch' })
    assert.equal((await bob.post(`/hub/admin/announcements/${made?.id}/withdraw`)).status, 303)
    assert.ok(!bench.announcements.list().some(({ id }) => id === made?.id))

    const nothing = await bob.post('/hub/admin/drains', { cluster: 'larch', reason: ' ' })
    assert.match(await nothing.text(), /Say why/)
    assert.equal((await bob.post('/hub/admin/drains', { cluster: '', reason: 'Warm' })).status, 303)
    assert.match(bench.drains.refusal('larch') ?? '', /No new sessions are started at the moment: Warm\./)
    assert.equal((await bob.post('/hub/admin/drains/end', { cluster: '' })).status, 303)
    assert.equal(bench.drains.refusal('larch'), null)
  })

  it('is text, whatever people call their things', async () => {
    const { bench, bob } = await site(0)
    const alice = bench.users.get('alice')
    assert.ok(alice)
    bench.sessions.put(
      makeSession('evil', alice, factsOf.ready, {
        serverName: evil,
        account: evil,
        spec: { ...spec, profile: { key: 'x', title: evil }, clusterTitle: evil, jobOptions: { partition: evil } },
      }),
    )
    bench.desk.entries.push({
      id: 99,
      at: noon,
      actor: evil,
      action: evil,
      object: evil,
      address: evil,
      way: evil,
      outcome: evil,
      detail: evil,
    })
    await bench.drains.begin('larch', evil, evil)
    await bench.announcements.publish({ text: evil, to: { kind: 'everyone' }, until: null }, evil)
    for (const path of [
      '/hub/admin',
      `/hub/admin?q=${encodeURIComponent(evil)}`,
      `/hub/admin?state=everyone&place=${encodeURIComponent(evil)}`,
      '/hub/admin/users/alice',
      '/hub/admin/audit',
      `/hub/admin/audit?user=${encodeURIComponent(evil)}`,
    ]) {
      const html = await textOf(bob, path)
      assert.ok(html.includes('&lt;img src=x') && !html.includes('<img src=x'), path)
    }
  })
})

describe('what rights open', () => {
  it('reading alone shows everybody, and no button that would be refused', async () => {
    const { bench, carol } = await helper(['admin-ui', 'list:users', 'read:users:name', 'read:servers'])
    const html = await textOf(carol, '/hub/admin')
    assert.equal(rowsOf(html).length, 9)
    assert.doesNotMatch(html, /btn-stop|Withdraw|End it|name="reason"|Audit log/)
    const before = JSON.stringify([...bench.sessions.rows])
    for (const [path, form] of [
      ['/hub/admin/users/alice/stop', {}],
      ['/hub/admin/users/alice/start', { profile: 'lab', server: 'x' }],
      ['/hub/admin/announcements', { text: 'x', to: 'everyone' }],
      ['/hub/admin/announcements/a1/withdraw', {}],
      ['/hub/admin/drains', { cluster: 'larch', reason: 'x' }],
      ['/hub/admin/drains/end', { cluster: 'spruce' }],
    ] as const)
      assert.equal((await carol.post(path, form)).status, 403, path)
    assert.equal(JSON.stringify([...bench.sessions.rows]), before)
    assert.equal(bench.announcements.list().length, 2)
    assert.equal(bench.drains.list().length, 1)
    assert.equal((await carol.get('/hub/admin/audit')).status, 403)
    assert.equal((await carol.get('/hub/admin/audit.csv')).status, 403)
  })

  it('over a group shows and stops its members, and nobody else; figures are of everybody and not shown', async () => {
    const group = ['list:users', 'read:users:name', 'read:servers', 'delete:servers', 'start:servers'].map(
      (scope) => `${scope}!group=physics`,
    )
    const { bench, carol } = await helper(['admin-ui', ...group])
    for (const name of ['dave', 'erin']) {
      const user = bench.users.get(name)
      assert.ok(user)
      bench.users.set(name, { ...user, groups: ['physics'] })
    }
    const html = await textOf(carol, '/hub/admin')
    // Her own is none; of bench’s people these two.
    assert.deepEqual(rowsOf(html), ['dave', 'erin'])
    assert.doesNotMatch(html, /<svg role="img"|Became ready|alice/)
    assert.deepEqual(rowsOf(await textOf(carol, '/hub/admin?state=everyone')), ['dave', 'erin'])
    assert.doesNotMatch(await textOf(carol, '/hub/admin/people.csv'), /alice/)
    assert.equal((await carol.get('/hub/admin/users/alice')).status, 404)
    assert.equal((await carol.get('/hub/admin/users/nobody-here')).status, 404)
    assert.equal((await carol.post('/hub/admin/users/alice/stop')).status, 404)
    assert.equal(bench.sessions.rows.get('on0')?.facts.state, 'ready')
    assert.equal((await carol.get('/hub/admin/users/dave')).status, 200)
    assert.equal((await carol.post('/hub/admin/users/dave/stop')).status, 303)
    assert.equal(bench.sessions.rows.get('on1')?.facts.state, 'stopping')
  })

  it('is nothing without the scope for the page, whatever else somebody holds', async () => {
    const { carol } = await helper(['list:users', 'read:users:name', 'read:servers', 'admin:servers', 'admin:users'])
    for (const path of ['/hub/admin', '/hub/admin/people.csv', '/hub/admin/audit', '/hub/admin/users/alice'])
      assert.equal((await carol.get(path)).status, 403, path)
    assert.doesNotMatch(await textOf(carol, '/hub/home'), /href="\/hub\/admin"/)
  })
})

describe('the audit log', () => {
  it('is shown newest first, by pages, filtered by user, actor, action and time', async () => {
    const { bob } = await site(3)
    const first = await textOf(bob, '/hub/admin/audit')
    assert.equal(first.match(/<time datetime="2026-11-1[89]/g)?.length, 50)
    const older = /href="(\/hub\/admin\/audit\?before=21)"/.exec(first)?.[1]
    assert.ok(older)
    const second = await textOf(bob, older)
    assert.equal(second.match(/data-label="Who"/g)?.length, 20)
    const stops = await textOf(bob, '/hub/admin/audit?action=session-stop&actor=bob')
    assert.equal(stops.match(/data-label="Who"><bdi>bob</g)?.length, 10)
    assert.equal((await textOf(bob, '/hub/admin/audit?since=2026-11-19T13:00')).match(/data-label="Who"/g)?.length, 4)
    assert.match(await textOf(bob, '/hub/admin/audit?since=yesterday'), /is no time/)
    assert.match(await textOf(bob, '/hub/admin/audit?user=nobody-here'), /Nothing fits/)
    const csv = await textOf(bob, '/hub/admin/audit.csv?actor=bob')
    assert.equal(csv.trimEnd().split('\r\n').length, 11)
  })
})

describe('with 10,000 users and 2,000 sessions', () => {
  it('a page asks the house a few times, and never once for each person or session', async () => {
    const bench = webBench()
    await busySite(bench, 0)
    for (let n = 0; n < 10_000; n++) {
      const user = makeUser(1_000 + n, `load${String(n).padStart(5, '0')}`)
      bench.users.set(user.name, user)
      if (n < 2_000) bench.sessions.put(makeSession(`load${n}`, user, n % 3 === 0 ? factsOf.queued : factsOf.ready))
    }
    const bob = await bench.signedIn('bob')
    const calls: string[] = []
    for (const [room, name] of [
      [bench.sessions, 'sessions'],
      [bench.people, 'people'],
      [bench.servers, 'servers'],
    ] as const)
      for (const [key, value] of Object.entries(room)) {
        if (typeof value !== 'function') continue
        const spied = (...given: unknown[]): unknown => {
          calls.push(`${name}.${key}`)
          return Reflect.apply(value, room, given)
        }
        Object.assign(room, { [key]: spied })
      }
    for (const [path, shown, most] of [
      ['/hub/admin', 15, 4],
      ['/hub/admin?sort=-left&page=70', 15, 4],
      ['/hub/admin?q=load01&state=ready&sort=used', 15, 4],
      ['/hub/admin?state=everyone&page=600', 15, 5],
      ['/hub/admin?state=off&q=load09&sort=used', 15, 5],
    ] as const) {
      calls.length = 0
      const html = await textOf(bob, path)
      assert.equal(rowsOf(html).length, shown, path)
      assert.ok(calls.length <= most, `${path}: ${calls.join(' ')}`)
      assert.ok(html.length < 150_000, `${path}: ${html.length}`)
    }
  })
})

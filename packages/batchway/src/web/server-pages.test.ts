import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isServerName } from '../core/http.ts'
import type { User } from '../people/people.ts'
import { toServerName } from './server-name.ts'
import { factsOf, makeSession, noon, spec } from './testing/fake-rooms.ts'
import { type Bench, type BenchOptions, type Browser, webBench } from './testing/web-bench.ts'

async function house(options: BenchOptions = {}): Promise<{ bench: Bench; alice: Browser; owner: User }> {
  const bench = webBench(options)
  const owner = bench.users.get('alice')
  assert.ok(owner)
  return { bench, owner, alice: await bench.signedIn('alice') }
}
const start = (alice: Browser, name: string, fields: Record<string, string> = {}) =>
  alice.post('/hub/spawn', { profile: 'local', _shown: 'local', _action: 'start', _server: name, ...fields })
const rowOf = (page: string, title: string): string =>
  [...page.matchAll(/<tr role="row">.*?<\/tr>/gs)]
    .map(([row]) => row)
    .find((row) => row.includes(`<bdi>${title}</bdi>`)) ?? ''

describe('names of servers', () => {
  it('come out of what people call them, and fit into an address', () => {
    for (const [text, name] of [
      ['second', 'second'],
      ['GPU lab (Ünal’s)', 'gpu-lab-unal-s'],
      ['  3D model ', 's-3d-model'],
      ['../../etc', 'etc'],
      ['データ', 'server'],
      ['x'.repeat(255), 'x'.repeat(30)],
      [`${'a'.repeat(29)} b`, 'a'.repeat(29)],
    ] as const)
      assert.equal(toServerName(text), name, text)
    assert.equal(toServerName('lab', ['lab', 'lab-2']), 'lab-3')
    const long = toServerName('y'.repeat(40), ['y'.repeat(30)])
    assert.equal(long, `${'y'.repeat(28)}-2`)
    for (const text of ['-', '_', '9', 'A', '\u202e', 'a'.repeat(300), '💡', '<b>'])
      assert.ok(isServerName(toServerName(text)), text)
  })
})

describe('named servers', () => {
  it('are made with a name of one’s own, listed with their state, and open at their own address', async () => {
    const { bench, alice, owner } = await house()
    const form = await (await alice.get('/hub/spawn?_server=GPU%20lab')).text()
    assert.match(form, /name="_server" value="GPU lab"/)
    const started = await start(alice, 'GPU lab')
    assert.equal(started.headers.get('location'), '/hub/spawn-pending/alice/gpu-lab')
    assert.match(
      rowOf(await (await alice.get('/hub/home')).text(), 'GPU lab'),
      /Submitting.*\/user\/alice\/gpu-lab\/.*Cancel/s,
    )

    const [session] = bench.sessions.rows.values()
    assert.ok(session)
    bench.sessions.put({ ...session, facts: factsOf.ready })
    const ready = rowOf(await (await alice.get('/hub/home')).text(), 'GPU lab')
    assert.match(ready, /Ready.*href="\/user\/alice\/gpu-lab\/lab".*action="\/hub\/sessions\/s1\/stop"/s)

    bench.sessions.put({ ...session, facts: factsOf.ended, endedAt: noon })
    const stopped = rowOf(await (await alice.get('/hub/home')).text(), 'GPU lab')
    assert.match(stopped, /Stopped.*Today 13:42.*href="\/hub\/spawn\/alice\/gpu-lab".*Start again/s)
    assert.doesNotMatch(stopped, /<form/)
    assert.deepEqual(await bench.servers.listOf(owner.id), [{ name: 'gpu-lab', displayName: 'GPU lab' }])
  })

  it('are called what people call them on the pages of their sessions too', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const form = { profile: 'lab', _shown: 'lab', _action: 'start', _server: 'Größe 数据' }
    const pending = (await alice.post('/hub/spawn', form)).headers.get('location') ?? ''
    for (const path of [pending, '/hub/home', '/hub/sessions/s1'])
      assert.match(await (await alice.get(path)).text(), /JupyterLab, small: Größe 数据</, path)
  })

  it('start again with their own last choice, and the main one with the last of all', async () => {
    const { bench, alice, owner } = await house()
    const resources = { ...spec.resources, memoryMiB: 8 * 1024 }
    bench.sessions.put(makeSession('old', owner, factsOf.ended, { serverName: 'lab', spec: { ...spec, resources } }))
    await start(alice, 'other')
    assert.match(await (await alice.get('/hub/spawn/alice/lab')).text(), /name="memory" value="8"/)
    assert.match(await (await alice.get('/hub/spawn/alice/new')).text(), /This profile has no options/)
  })

  it('are found again by their title, whatever its case, and refused while in use', async () => {
    const { bench, alice } = await house()
    await start(alice, 'GPU lab')
    const busy = await start(alice, 'gpu LAB')
    assert.equal(busy.status, 422)
    assert.match(await busy.text(), /A session named GPU lab is in use/)
    const [session] = bench.sessions.rows.values()
    assert.ok(session)
    bench.sessions.put({ ...session, facts: factsOf.ended, endedAt: noon })
    assert.equal((await start(alice, 'gpu-lab')).headers.get('location'), '/hub/spawn-pending/alice/gpu-lab')
    assert.equal((await start(alice, 'gpu_lab')).headers.get('location'), '/hub/spawn-pending/alice/gpu-lab-2')
  })

  it('are no more than the site allows, and none where it allows none', async () => {
    const { bench, alice, owner } = await house({ namedServers: { isOn: true, limit: 1 } })
    await start(alice, 'one')
    const second = await start(alice, 'two')
    assert.equal(second.status, 422)
    assert.match(await second.text(), /You have 1 named server, as many as you may\. Name one of them \(“one”\)/)
    const byAddress = await alice.post('/hub/spawn/alice/two', { profile: 'local', _shown: 'local', _action: 'start' })
    assert.equal(byAddress.status, 400)
    assert.match(await (await alice.get('/hub/home')).text(), /1 of 1.*as many named servers as you may/s)
    await alice.post('/hub/servers/one/delete')
    const [session] = bench.sessions.rows.values()
    assert.ok(session)
    bench.sessions.put({ ...session, facts: factsOf.ended, endedAt: noon })
    assert.deepEqual(await bench.servers.listOf(owner.id), [])
    assert.equal((await start(alice, 'two')).status, 303)

    const off = await house({ namedServers: { isOn: false, limit: 0 } })
    assert.doesNotMatch(await (await off.alice.get('/hub/home')).text(), /Your servers/)
    assert.doesNotMatch(await (await off.alice.get('/hub/spawn')).text(), /name="_server"/)
    assert.equal((await start(off.alice, 'one')).status, 422)
    assert.equal((await start(off.alice, '')).status, 303)
    assert.match(await (await start(off.alice, '')).text(), /there is only one for each here/)
  })

  it('get another title and keep their address', async () => {
    const { bench, alice, owner } = await house()
    await start(alice, 'lab')
    assert.equal((await alice.post('/hub/servers/lab/rename', { title: ' Big <lab> ' })).status, 303)
    assert.deepEqual(await bench.servers.listOf(owner.id), [{ name: 'lab', displayName: 'Big <lab>' }])
    assert.match(
      await (await alice.get('/hub/servers/lab')).text(),
      /<bdi>Big &lt;lab&gt;<\/bdi>.*hub\.test\/user\/alice\/lab\//s,
    )
    for (const title of ['', '   ', 'x'.repeat(256), 'a\nb', '\u202ebal']) {
      const answer = await alice.post('/hub/servers/lab/rename', { title })
      assert.equal(answer.status, 422)
      assert.match(await answer.text(), /aria-invalid="true"/)
    }
  })

  it('are deleted with what runs on them, and only by their owner', async () => {
    const { bench, alice, owner } = await house()
    await start(alice, 'lab')
    const bob = await bench.signedIn('bob')
    assert.equal((await bob.post('/hub/servers/lab/delete')).status, 404)
    assert.equal((await alice.post('/hub/servers/none/delete')).status, 404)
    assert.equal((await alice.post('/hub/servers/lab/delete')).headers.get('location'), '/hub/home#servers')
    assert.equal(bench.sessions.rows.get('s1')?.facts.state, 'stopping')
    assert.deepEqual(await bench.servers.listOf(owner.id), [{ name: 'lab', displayName: 'lab' }], 'until it has ended')
    const [session] = bench.sessions.rows.values()
    assert.ok(session)
    bench.sessions.put({ ...session, facts: factsOf.ended, endedAt: noon })
    assert.equal((await alice.get('/hub/servers/lab')).status, 404)
    assert.match(await (await alice.get('/hub/history')).text(), /: lab</, 'the history stays')
  })

  it('with hostile names are shown as text', async () => {
    const { bench, alice, owner } = await house()
    const evil = `"><script>alert(1)</script>{{ 7 | times: 7 }}<img src=x onerror=alert(2)>`
    await start(alice, evil)
    const [server] = await bench.servers.listOf(owner.id)
    assert.equal(server?.displayName, evil)
    for (const path of [
      '/hub/home',
      `/hub/servers/${server?.name}`,
      `/hub/spawn?_server=${encodeURIComponent(evil)}`,
    ]) {
      const text = await (await alice.get(path)).text()
      assert.doesNotMatch(text, /<script>|<img src=x|>49</, path)
      assert.match(text, /&lt;script&gt;/, path)
    }
  })
})

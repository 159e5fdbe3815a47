import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { journalHead, journalLine, readJournal } from './journal.ts'
import { type Log, silentLog } from './log.ts'
import type { Route } from './route.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { loadRoutes, openRouteWriter, type RoutesToStore } from './stored-routes.ts'
import { psk, temporaryFolder, testProxy, testServer, until } from './testing.ts'

const routes: Readonly<Record<string, Route>> = {
  '/': { target: 'http+unix://%2Frun%2Fhub.sock', hub: true },
  '/user/josé': { target: 'https://10.0.0.7:4711', psk, user: 'josé', extra: { deep: ['"', '}'] } },
  '/user/bob': { target: 'http://10.0.0.8:4712' },
}
const expected = new Map(Object.entries(routes))
const plain: Route = { target: 'http://127.0.0.1:9' }
const entry = (path: string) => [path, { ...plain, user: path }] as const

/** A table as the writer sees it. */
const tableOf = (all: Map<string, Route>): RoutesToStore => ({
  get size() {
    return all.size
  },
  routes: () => Object.fromEntries(all),
  get: (path) => {
    const route = all.get(path)
    return route && { route }
  },
})

/** Keeps the warnings. */
function warnings(): { readonly log: Log; readonly words: string[] } {
  const words: string[] = []
  return { log: { ...silentLog, warn: (_, message) => words.push(message) }, words }
}

describe('snapshot', () => {
  it('gives back what it was given', () =>
    assert.deepEqual(decodeSnapshot(encodeSnapshot(routes, 'one')), { id: 'one', routes: expected }))

  it('is refused when cut at any byte, and never gives half a table', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const whole = Buffer.from(encodeSnapshot(routes, 'one'))
    const { log, words } = warnings()
    for (let length = 0; length < whole.length; length += 1) {
      await writeFile(file, whole.subarray(0, length), { mode: 0o600 })
      assert.equal(await loadRoutes(file, log), null, `cut at ${length}`)
    }
    assert.equal(words.length, whole.length)
    await writeFile(file, whole)
    assert.deepEqual(await loadRoutes(file, log), expected) // positive control
  })

  it('is refused when any byte is altered', () => {
    const whole = Buffer.from(encodeSnapshot(routes, 'one'))
    for (let at = 0; at < whole.length; at += 1) {
      const altered = Buffer.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 1
      assert.throws(() => decodeSnapshot(altered.toString('utf8')), `byte ${at}`)
    }
  })

  it('is refused when others can read or write it', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    await writeFile(file, encodeSnapshot(routes, 'one'), { mode: 0o600 })
    for (const [mode, usable] of [
      [0o644, false],
      [0o620, false],
      [0o600, true],
    ] as const) {
      await chmod(file, mode)
      assert.equal((await loadRoutes(file, silentLog)) !== null, usable, mode.toString(8))
    }
  })

  it('is missing without a word on the first start', async () => {
    await using folder = await temporaryFolder()
    const { log, words } = warnings()
    assert.equal(await loadRoutes(join(folder.path, 'none.json'), log), null)
    assert.deepEqual(words, [])
  })
})

describe('the files of routes', () => {
  it('collect changes, are ours alone, and leave no draft behind', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const all = new Map(expected)
    const writer = openRouteWriter(file, tableOf(all), silentLog, () => 'one')
    await Promise.all(Array.from({ length: 500 }, () => writer.changed()))
    assert.equal(await readFile(file, 'utf8'), encodeSnapshot(routes, 'one'))
    assert.deepEqual(await readdir(folder.path), ['routes.json'])
    all.set(...entry('/user/carol'))
    await Promise.all(Array.from({ length: 500 }, () => writer.changed('/user/carol')))
    assert.deepEqual((await readdir(folder.path)).sort(), ['routes.json', 'routes.json.journal'])
    assert.equal((await readFile(`${file}.journal`, 'utf8')).split('\n').length, 3, 'its head, one line, and the end')
    await writer.flush()
    for (const name of await readdir(folder.path))
      assert.equal((await stat(join(folder.path, name))).mode & 0o777, 0o600, name)
  })

  it('hold each change when its promise resolves, whatever runs at the time', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const all = new Map<string, Route>()
    const writer = openRouteWriter(file, tableOf(all), silentLog)
    const chain = async (start: number) => {
      for (let number = start; number < start + 5; number += 1) {
        const [path, route] = entry(`/user/u${number}`)
        all.set(path, route)
        await writer.changed(number % 5 === 3 ? undefined : path)
        assert.ok((await loadRoutes(file, silentLog))?.has(path))
        if (number % 2 === 0) continue
        all.delete(path)
        await writer.changed(path)
        assert.equal((await loadRoutes(file, silentLog))?.has(path), false)
      }
    }
    await Promise.all([chain(0), chain(100), chain(200)])
    all.set('/last', plain)
    void writer.changed('/last')
    await writer.flush()
    assert.deepEqual(await loadRoutes(file, silentLog), new Map([...all].sort()))
  })

  it('give the table back in full after any number of changes, and the journal does not grow without end', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const all = new Map<string, Route>()
    let snapshots = 0
    const writer = openRouteWriter(file, tableOf(all), silentLog, () => `s${++snapshots}`)
    for (let round = 0; round < 60; round += 1) {
      const paths = Array.from({ length: 50 }, (_, number) => `/user/u${(round * 7 + number) % 90}`)
      for (const [number, path] of paths.entries()) {
        if (number % 3 === 0) all.delete(path)
        else all.set(...entry(path))
        void writer.changed(path)
      }
      await writer.changed(paths[0])
      const found = await loadRoutes(file, silentLog)
      assert.deepEqual(found && Object.fromEntries([...found].sort()), Object.fromEntries([...all].sort()))
    }
    assert.ok(snapshots > 1 && snapshots < 10, `${snapshots} snapshots`)
    await writer.flush()
  })

  it('say so when they cannot be written; the next change writes everything', async () => {
    await using folder = await temporaryFolder()
    const place = join(folder.path, 'later')
    const file = join(place, 'routes.json')
    const errors: string[] = []
    const log: Log = { ...silentLog, error: (_, message) => errors.push(message) }
    const all = new Map(expected)
    const writer = openRouteWriter(file, tableOf(all), log)
    await writer.changed()
    assert.deepEqual(errors, ['routes not stored'])
    await mkdir(place)
    all.set(...entry('/user/carol'))
    await writer.changed('/user/carol')
    assert.deepEqual(await loadRoutes(file, silentLog), all)
    await writer.flush()
  })
})

describe('a journal of routes', () => {
  const changes: readonly (readonly [string, Route | null])[] = [
    ['/user/josé', { target: 'https://10.0.0.7:4711', psk }],
    ['/user/bob', null],
    ['/user/"x', { ...plain, extra: '}\n{' }],
  ]
  const lines = [journalHead('one')]
  for (const [path, route] of changes) lines.push(journalLine(lines.at(-1)?.sum ?? '', path, route))
  const whole = lines.map(({ text }) => text).join('')

  it('gives back what it was given', () => assert.deepEqual(readJournal(whole, 'one'), { changes, isWhole: true }))

  it('is of one snapshot, and says nothing about another', () => assert.equal(readJournal(whole, 'two'), null))

  it('that is cut at any byte gives the whole lines before, and no half one', () => {
    const bytes = Buffer.from(whole)
    for (let length = 0; length < bytes.length; length += 1) {
      const text = bytes.subarray(0, length).toString('utf8')
      const read = readJournal(text, 'one')
      const count = text.split('\n').length - 2
      if (count < 0) assert.equal(read, null)
      else assert.deepEqual(read?.changes, changes.slice(0, count), `cut at ${length}`)
    }
  })

  it('of which a byte was altered gives nothing from there on', () => {
    const bytes = Buffer.from(whole)
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = Buffer.from(bytes)
      altered[at] = (altered[at] ?? 0) ^ 1
      const before = bytes.subarray(0, at).toString('latin1').split('\n').length - 2
      const read = readJournal(altered.toString('utf8'), 'one')
      assert.deepEqual(read?.changes ?? [], changes.slice(0, Math.max(0, before)), `byte ${at}`)
    }
  })

  it('whose lines were exchanged gives nothing from there on', () => {
    const [head, first, second, third] = lines.map(({ text }) => text)
    assert.deepEqual(readJournal(`${head}${second}${first}${third}`, 'one')?.changes, [])
  })
})

describe('a proxy with a snapshot', () => {
  it('uses restored routes at once when the target proves a key, and asks the hub about the others', async () => {
    await using folder = await temporaryFolder()
    const snapshot = join(folder.path, 'routes.json')
    await using agent = await testServer((_, response) => response.end('mine'), psk)
    await using plain = await testServer((_, response) => response.end('plain'))
    const alice = { target: `https://127.0.0.1:${agent.port}`, psk }
    const bob = { target: `http://127.0.0.1:${plain.port}` }
    {
      await using first = await testProxy({ snapshot })
      await first.client.replaceRoutes({ '/user/alice': alice, '/user/bob': bob, '/': { ...bob, hub: true } })
      assert.equal((await fetch(`${first.url}/user/bob`)).status, 200)
    }
    await using second = await testProxy({ snapshot })
    const status = async (path: string) => (await fetch(second.url + path)).status
    assert.deepEqual([await status('/user/alice'), await status('/hub/'), await status('/user/bob')], [200, 200, 503])
    assert.equal((await second.client.listRoutes()).get('/user/bob')?.pending, true)
    await second.client.addRoute('/user/bob', bob)
    assert.equal(await status('/user/bob'), 200)
    assert.equal((await second.client.listRoutes()).get('/user/bob')?.pending, undefined)
  })

  it('starts empty on a cut file and replaces it at the next change', async () => {
    await using folder = await temporaryFolder()
    const snapshot = join(folder.path, 'routes.json')
    await writeFile(snapshot, encodeSnapshot(routes, 'one').slice(0, -5), { mode: 0o600 })
    const { log, words } = warnings()
    await using proxy = await testProxy({ snapshot, log })
    assert.deepEqual(words, ['snapshot refused, starting without routes'])
    assert.equal((await proxy.client.listRoutes()).size, 0)
    await proxy.client.addRoute('/a', { target: 'http://127.0.0.1:9' })
    await until(async () => (await loadRoutes(snapshot, silentLog))?.size === 1, 'a good snapshot')
  })
})

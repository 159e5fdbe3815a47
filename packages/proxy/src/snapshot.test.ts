import assert from 'node:assert/strict'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Log, silentLog } from './log.ts'
import type { Route } from './route.ts'
import { decodeSnapshot, encodeSnapshot, loadSnapshot, snapshotWriter } from './snapshot.ts'
import { psk, temporaryFolder, testProxy, testServer, until } from './testing.ts'

const routes: Readonly<Record<string, Route>> = {
  '/': { target: 'http+unix://%2Frun%2Fhub.sock', hub: true },
  '/user/josé': { target: 'https://10.0.0.7:4711', psk, user: 'josé', extra: { deep: ['"', '}'] } },
  '/user/bob': { target: 'http://10.0.0.8:4712' },
}
const expected = new Map(Object.entries(routes))

/** Keeps the warnings. */
function warnings(): { readonly log: Log; readonly words: string[] } {
  const words: string[] = []
  return { log: { ...silentLog, warn: (_, message) => words.push(message) }, words }
}

describe('snapshot', () => {
  it('gives back what it was given', () => assert.deepEqual(decodeSnapshot(encodeSnapshot(routes)), expected))

  it('is refused when cut at any byte, and never gives half a table', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const whole = Buffer.from(encodeSnapshot(routes))
    const { log, words } = warnings()
    for (let length = 0; length < whole.length; length += 1) {
      await writeFile(file, whole.subarray(0, length), { mode: 0o600 })
      assert.equal(await loadSnapshot(file, log), null, `cut at ${length}`)
    }
    assert.equal(words.length, whole.length)
    await writeFile(file, whole)
    assert.deepEqual(await loadSnapshot(file, log), expected) // positive control
  })

  it('is refused when any byte is altered', () => {
    const whole = Buffer.from(encodeSnapshot(routes))
    for (let at = 0; at < whole.length; at += 1) {
      const altered = Buffer.from(whole)
      altered[at] = (altered[at] ?? 0) ^ 1
      assert.throws(() => decodeSnapshot(altered.toString('utf8')), `byte ${at}`)
    }
  })

  it('is refused when others can read or write it', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    await writeFile(file, encodeSnapshot(routes), { mode: 0o600 })
    for (const [mode, usable] of [
      [0o644, false],
      [0o620, false],
      [0o600, true],
    ] as const) {
      await chmod(file, mode)
      assert.equal((await loadSnapshot(file, silentLog)) !== null, usable, mode.toString(8))
    }
  })

  it('is missing without a word on the first start', async () => {
    await using folder = await temporaryFolder()
    const { log, words } = warnings()
    assert.equal(await loadSnapshot(join(folder.path, 'none.json'), log), null)
    assert.deepEqual(words, [])
  })
})

describe('snapshotWriter', () => {
  it('collects changes, writes them for us alone and leaves no draft behind', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    let reads = 0
    const writer = snapshotWriter(
      file,
      () => {
        reads += 1
        return routes
      },
      silentLog,
    )
    await Promise.all(Array.from({ length: 500 }, () => writer.changed()))
    assert.equal(reads, 1)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(folder.path), ['routes.json'])
    assert.equal(await readFile(file, 'utf8'), encodeSnapshot(routes))
  })

  it('holds each change when its promise resolves, whatever runs at the time', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'routes.json')
    const table: Record<string, Route> = {}
    const writer = snapshotWriter(file, () => table, silentLog)
    const add = async (i: number) => {
      const path = `/user/u${i}`
      table[path] = { target: 'http://127.0.0.1:9' }
      await writer.changed()
      assert.ok(decodeSnapshot(await readFile(file, 'utf8')).has(path))
    }
    const chain = async (start: number) => {
      for (let i = start; i < start + 5; i += 1) await add(i)
    }
    await Promise.all([chain(0), chain(100), chain(200)])
    table['/last'] = { target: 'http://127.0.0.1:9' }
    void writer.changed()
    await writer.flush()
    assert.equal(decodeSnapshot(await readFile(file, 'utf8')).size, 16)
  })

  it('says so when it cannot write, and the change still goes through', async () => {
    const errors: string[] = []
    const writer = snapshotWriter('/proc/none/routes.json', () => routes, {
      ...silentLog,
      error: (_, message) => errors.push(message),
    })
    await writer.changed()
    assert.deepEqual(errors, ['snapshot not written'])
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
    await writeFile(snapshot, encodeSnapshot(routes).slice(0, -5), { mode: 0o600 })
    const { log, words } = warnings()
    await using proxy = await testProxy({ snapshot, log })
    assert.deepEqual(words, ['snapshot refused, starting without routes'])
    assert.equal((await proxy.client.listRoutes()).size, 0)
    await proxy.client.addRoute('/a', { target: 'http://127.0.0.1:9' })
    await until(async () => (await loadSnapshot(snapshot, silentLog))?.size === 1, 'a good snapshot')
  })
})

import assert from 'node:assert/strict'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openAccessLog } from './access-log.ts'
import { type Log, silentLog } from './log.ts'
import { temporaryFolder, testProxy, testServer, until } from './testing.ts'

const linesOf = async (file: string) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe('the access log', () => {
  it('has a line for each request, with neither query nor header', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'access.jsonl')
    await using app = await testServer((request, response) => {
      if (request.url?.includes('hang')) return
      response.end('12345')
    })
    app.server.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
    {
      await using proxy = await testProxy({ accessLog: file })
      await proxy.client.addRoute('/user/a', { target: `http://127.0.0.1:${app.port}` })
      const headers = { Authorization: 'token secret-1', Cookie: 'k=secret-2' }
      assert.equal(await (await fetch(`${proxy.url}/user/a/x?token=secret-3`, { headers })).text(), '12345')
      await fetch(`${proxy.url}/none`, { method: 'POST', body: 'secret-4' })
      const gone = net.connect(proxy.port, '127.0.0.1')
      gone.write('GET /user/a/hang HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => app.seen.some(({ url }) => url.includes('hang')), 'it has arrived')
      gone.resetAndDestroy()
      const socket = net.connect(proxy.port, '127.0.0.1')
      socket.write(
        'GET /user/a/ws?token=secret-5 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      )
      await until(async () => (await linesOf(file)).length === 4, 'four lines')
      socket.destroy()
    }
    const lines = await linesOf(file)
    const of = (path: string) => lines.find((line) => line.path === path)
    const { time, ms, ...rest } = of('/user/a/x')
    assert.deepEqual(rest, { peer: '127.0.0.1', method: 'GET', path: '/user/a/x', status: 200, bytes: 5 })
    assert.ok(!Number.isNaN(Date.parse(time)) && Number.isInteger(ms))
    assert.deepEqual(
      [of('/none').status, of('/none').method, of('/user/a/hang').status, of('/user/a/ws').status],
      [404, 'POST', 499, 101],
    )
    assert.doesNotMatch(await readFile(file, 'utf8'), /secret/)
    assert.equal((await stat(file)).mode & 0o007, 0)
  })

  it('goes on in a new file after a rotation, and loses no line', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'access.jsonl')
    const asked = (url: string) => ({ method: 'GET', url })
    const answer = { status: 200, bytes: 0, ms: 1 }
    {
      await using to = await openAccessLog(file, silentLog, Date.now)
      to.answered(asked('/one'), null, answer)
      await until(async () => (await linesOf(file)).length === 1, 'the first line')
      await rename(file, `${file}.1`)
      to.answered(asked('/two'), null, answer)
      to.reopen()
      to.answered(asked('/three'), null, answer)
      await until(async () => (await stat(file).catch(() => null)) !== null, 'a new file')
      to.answered(asked('/four'), null, answer)
    }
    const paths = [...(await linesOf(`${file}.1`)), ...(await linesOf(file))].map(({ path }) => path)
    assert.deepEqual(paths, ['/one', '/two', '/three', '/four'])
    assert.ok((await linesOf(file)).some(({ path }) => path === '/four'))
  })

  it('sees by itself that its file was moved away', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'access.jsonl')
    let now = 0
    await using to = await openAccessLog(file, silentLog, () => now)
    const tell = (url: string) => to.answered({ method: 'GET', url }, null, { status: 200, bytes: 0, ms: 1 })
    tell('/one')
    await until(async () => (await linesOf(file)).length === 1, 'the first line')
    await rename(file, `${file}.1`)
    now += 5_000
    tell('/two')
    await until(async () => (await stat(file).catch(() => null)) !== null, 'a new file')
    await until(async () => (await linesOf(file)).length === 1, 'the second line')
    assert.equal((await linesOf(`${file}.1`)).length, 1)
  })

  it('costs lines, and not requests, where the disk is full or slow', async () => {
    const told: string[] = []
    const log: Log = { ...silentLog, warn: (_, words) => told.push(words), error: (_, words) => told.push(words) }
    await using app = await testServer((_, response) => response.end('ok'))
    {
      await using proxy = await testProxy({ accessLog: '/dev/full', log })
      await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
      assert.equal(await (await fetch(`${proxy.url}/x`)).text(), 'ok')
      await until(() => told.includes('access log not written'), 'it is said')
    }
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'access.jsonl')
    {
      await using to = await openAccessLog(file, log, Date.now)
      for (let count = 0; count < 100_000; count += 1)
        to.answered({ method: 'GET', url: `/${count}` }, null, { status: 200, bytes: 0, ms: 1 })
    }
    assert.ok(told.includes('lines of the access log were dropped: the disk is too slow'))
    assert.ok((await linesOf(file)).length > 1_000)
  })

  it('says once for each try that its folder has gone, and goes on when it is back', async () => {
    await using folder = await temporaryFolder()
    const place = join(folder.path, 'logs')
    await mkdir(place)
    const errors: string[] = []
    const file = join(place, 'access.jsonl')
    let now = 0
    await using to = await openAccessLog(file, { ...silentLog, error: (_, words) => errors.push(words) }, () => now)
    const tell = () => to.answered({ method: 'GET', url: '/' }, null, { status: 200, bytes: 0, ms: 1 })
    await rename(place, `${place}.gone`)
    now += 5_000
    tell()
    await until(() => errors.length > 0, 'it is said')
    await mkdir(place)
    now += 5_000
    tell()
    await until(async () => (await linesOf(file).catch(() => [])).length === 1, 'the second line')
    assert.deepEqual(errors, ['access log not written'])
  })

  it('that cannot be opened ends the start', () =>
    assert.rejects(testProxy({ accessLog: '/proc/none/access.jsonl' }), /ENOENT/))
})

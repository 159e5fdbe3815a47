import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, it } from 'node:test'
import { psk, rawExchange, type TestServer, testProxy, testServer, token, until } from './testing.ts'

const head = (path: string, more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`
const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

/** Sends every byte back after a 101, without understanding frames. */
async function echoApplication(key?: typeof psk): Promise<TestServer & { readonly sockets: Duplex[] }> {
  const app = await testServer((_, response) => response.end('plain'), key)
  const sockets: Duplex[] = []
  app.server.on('upgrade', (request, socket, first) => {
    app.seen.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.rawHeaders })
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(`${accepted}Set-Cookie: jupyterhub-hub-login=evil\r\nX-App: 1\r\n\r\n`)
    socket.write(first)
    socket.pipe(socket)
  })
  return Object.assign(app, { sockets })
}

/** A socket behind the 101, with what came after it. */
async function openRaw(
  port: number,
  text: string,
): Promise<{ readonly socket: net.Socket; readonly head: string; read(bytes: number): Promise<Buffer> }> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.write(text, 'latin1')
  let got = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    got = Buffer.concat([got, chunk])
  })
  await until(() => got.includes('\r\n\r\n'), 'the head of the answer')
  const end = got.indexOf('\r\n\r\n') + 4
  const answer = got.subarray(0, end).toString('latin1')
  got = got.subarray(end)
  const read = async (bytes: number) => {
    await until(() => got.length >= bytes, `${bytes} bytes`)
    return got.subarray(0, bytes)
  }
  return { socket, head: answer, read }
}

describe('WebSocket through the proxy', () => {
  for (const key of [undefined, psk])
    it(`relays every byte both ways ${key ? 'over TLS-PSK' : 'in the clear'}, what follows the head at once included`, async () => {
      await using app = await echoApplication(key)
      await using proxy = await testProxy()
      await proxy.client.addRoute('/user/alice', {
        target: `${key ? 'https' : 'http'}://127.0.0.1:${app.port}`,
        ...(key && { psk: key }),
      })
      const ws = await openRaw(
        proxy.port,
        `${head('/user/alice/ws?x=%zz', 'Cookie: jupyterhub-hub-login=s; b=2\r\nRemote-User: root\r\n')}early`,
      )
      assert.equal(ws.head, `${accepted}X-App: 1\r\n\r\n`)
      assert.equal((await ws.read(5)).toString(), 'early')
      const body = randomBytes(4 * 1024 * 1024)
      ws.socket.write(body)
      const back = (await ws.read(5 + body.length)).subarray(5)
      assert.equal(createHash('sha256').update(back).digest('hex'), createHash('sha256').update(body).digest('hex'))
      const { url, headers } = app.seen[0] ?? { url: '', headers: [''] }
      assert.equal(url, '/user/alice/ws?x=%zz')
      assert.deepEqual(headers.slice(0, 8), [
        'Host',
        'h',
        'Sec-WebSocket-Version',
        '13',
        'Cookie',
        'b=2',
        'Connection',
        'Upgrade',
      ])
      assert.ok(!headers.includes('root'))
      ws.socket.end()
      await until(() => app.sockets.every((socket) => socket.destroyed), 'the application’s socket to close')
    })

  it('works with a real WebSocket client', async () => {
    await using app = await testServer((_, response) => response.end())
    app.server.on('upgrade', (request, socket) => {
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64')
      socket.write(`${accepted}Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
      // One unmasked text frame, then whatever the client closes with.
      socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]))
      socket.on('data', () => socket.end(Buffer.from([0x88, 0])))
      socket.on('error', () => {})
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const ws = new WebSocket(`ws://127.0.0.1:${proxy.port}/x`)
    const [{ data }] = await once(ws, 'message')
    assert.equal(data, 'hello')
    const closed = once(ws, 'close')
    ws.close()
    await closed
  })

  it('passes an end in one direction on and keeps the other open', async () => {
    await using app = await testServer((_, response) => response.end())
    app.server.on('upgrade', (_, socket) => {
      socket.write(`${accepted}\r\n`)
      socket.resume()
      socket.on('end', () => socket.end('after your end'))
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const ws = await openRaw(proxy.port, head('/'))
    ws.socket.end()
    assert.equal((await ws.read(14)).toString(), 'after your end')
    await until(() => ws.socket.destroyed, 'the end')
  })

  it('leaves no socket behind when either side dies', async () => {
    await using app = await echoApplication()
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const first = await openRaw(proxy.port, head('/'))
    app.sockets[0]?.destroy()
    await until(() => first.socket.destroyed || first.socket.readableEnded, 'the browser’s side to end')
    first.socket.destroy()
    const second = await openRaw(proxy.port, head('/'))
    second.socket.resetAndDestroy()
    await until(() => app.sockets[1]?.destroyed === true, 'the application’s side to end')
  })

  it('holds back a fast sender when the other side does not read', async () => {
    await using app = await testServer((_, response) => response.end())
    app.server.on('upgrade', (_, socket) => {
      socket.on('error', () => {})
      socket.write(`${accepted}\r\n`)
      socket.pause()
    })
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const ws = await openRaw(proxy.port, head('/'))
    const size = 64 * 1024 * 1024
    ws.socket.write(Buffer.alloc(size))
    let last = -1
    let still = 0
    await until(() => {
      still = ws.socket.bytesWritten - ws.socket.writableLength === last ? still + 1 : 0
      last = ws.socket.bytesWritten - ws.socket.writableLength
      return still > 20
    }, 'the sender to stand still')
    assert.ok(ws.socket.writableLength > 0, 'the sender still holds bytes')
    ws.socket.destroy()
  })

  it('relays a refusal of the application as an ordinary answer', async () => {
    await using app = await testServer((_, response) => response.end())
    app.server.on('upgrade', (_, socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nSet-Cookie: jupyterhub-hub-login=evil\r\n\r\nno'),
    )
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const answer = await rawExchange(proxy.port, head('/'))
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
    assert.match(answer, /\r\n\r\nno$/)
    assert.doesNotMatch(answer, /evil/)
  })

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['no route', head('/nobody'), /^HTTP\/1\.1 404 /],
    ['a dead application', head('/down'), /^HTTP\/1\.1 503 /],
    ['an odd path', head('/a/../b'), /^HTTP\/1\.1 400 /],
    ['two hosts', head('/', 'Host: i\r\n'), /^HTTP\/1\.1 400 /],
  ]
  for (const [what, text, answer] of refusals)
    it(`answers in plain HTTP to ${what}`, async () => {
      await using proxy = await testProxy()
      await proxy.client.addRoute('/down', { target: 'http://127.0.0.1:9' })
      assert.match(await rawExchange(proxy.port, text), answer)
    })

  it('never tunnels another protocol: the request arrives without its upgrade', async () => {
    await using app = await echoApplication()
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const h2c =
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n'
    assert.match(await rawExchange(proxy.port, h2c), /\r\n\r\n(?:5\r\n)?plain/)
    assert.deepEqual(
      app.seen.map(({ method }) => method),
      ['GET'],
    )
    const withBody = head('/', 'Content-Length: 3\r\nConnection: close\r\n')
    assert.match(await rawExchange(proxy.port, `${withBody}abc`), /plain/)
    assert.deepEqual(
      app.seen.map(({ method }) => method),
      ['GET', 'GET'],
    )
  })

  it('does not believe an application that switches to something else', async () => {
    await using app = await testServer((_, response) => response.end())
    app.server.on('upgrade', (_, socket) =>
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
    )
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    assert.match(await rawExchange(proxy.port, head('/')), /^HTTP\/1\.1 503 /)
  })

  it('counts bytes in either direction as activity', async () => {
    let clock = 1_000
    await using app = await echoApplication()
    await using proxy = await testProxy({ now: () => clock })
    await proxy.client.addRoute('/', { target: `http://127.0.0.1:${app.port}` })
    const ws = await openRaw(proxy.port, head('/'))
    const activity = async () => Date.parse((await proxy.client.listRoutes()).get('/')?.last_activity ?? '')
    assert.equal(await activity(), 1_000)
    clock = 5_000
    ws.socket.write('x')
    await ws.read(1)
    assert.equal(await activity(), 5_000)
    clock = 9_000
    app.sockets[0]?.write('y')
    await ws.read(2)
    assert.equal(await activity(), 9_000)
    ws.socket.destroy()
  })

  it('outlives a restart of the control client and changes of other routes', async () => {
    await using app = await echoApplication()
    await using proxy = await testProxy()
    const target = `http://127.0.0.1:${app.port}`
    await proxy.client.addRoute('/', { target })
    const ws = await openRaw(proxy.port, head('/'))
    proxy.client.close()
    const answer = await fetch(`http://${proxy.proxy.control}/api/routes`, {
      method: 'PUT',
      headers: { authorization: `token ${token}` },
      body: JSON.stringify({ '/': { target, again: 1 }, '/b': { target } }),
    })
    assert.equal(answer.status, 204)
    ws.socket.write('still here')
    assert.equal((await ws.read(10)).toString(), 'still here')
    ws.socket.destroy()
  })
})

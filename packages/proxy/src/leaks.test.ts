/** What comes and goes leaves nothing open. Applications of a gateway are started and stopped by the thousand, and die in the middle of things. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import net from 'node:net'
import { it } from 'node:test'
import { psk, testProxy, testServer, until } from './testing.ts'

const openFiles = (): number => readdirSync('/proc/self/fd').length
const upgrade =
  'GET /app/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

// CHP #557: sockets towards applications that had stopped were never closed; a busy hub ran out of file descriptors.
it('as many files are open after two hundred applications have come and died as after twenty', async () => {
  await using proxy = await testProxy()

  /** An application with a kept connection, an open WebSocket and a request it never answers; then it is gone. */
  async function live(key?: typeof psk): Promise<void> {
    const app = await testServer((request, response) => {
      if (request.url !== '/app/never') response.end('ok')
    }, key)
    let isUpgraded = false
    app.server.on('upgrade', (_, socket) => {
      isUpgraded = true
      socket.on('error', () => {})
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    await proxy.client.addRoute('/app', {
      target: `http${key ? 's' : ''}://127.0.0.1:${app.port}`,
      ...(key && { psk: key }),
    })
    assert.equal(await (await fetch(`${proxy.url}/app/`)).text(), 'ok')
    const visitors = ['GET /app/never HTTP/1.1\r\nHost: h\r\n\r\n', upgrade].map((text) => {
      const socket = net.connect(proxy.port, '127.0.0.1', () => socket.write(text))
      socket.on('error', () => {})
      socket.resume()
      return socket
    })
    await until(() => isUpgraded && app.seen.length >= 2, 'all three at the application')
    await app[Symbol.asyncDispose]()
    await proxy.client.removeRoute('/app')
    for (const visitor of visitors) visitor.destroy()
  }

  async function settled(most: number): Promise<number> {
    await until(() => openFiles() <= most, `no more than ${most} open files, ${openFiles()} now`)
    return openFiles()
  }
  for (let n = 0; n < 20; n++) await live(n % 2 === 0 ? psk : undefined)
  const early = await settled(openFiles())
  for (let n = 0; n < 180; n++) await live(n % 2 === 0 ? psk : undefined)
  // A few for what is being closed at the moment, and what tools of the test keep.
  await settled(early + 8)

  // The count can see a leak.
  await using app = await testServer((_, response) => response.end())
  const kept = Array.from({ length: 20 }, () => net.connect(app.port, '127.0.0.1').on('error', () => {}))
  await until(() => openFiles() >= early + 20, 'twenty sockets that nobody closes')
  for (const socket of kept) socket.destroy()
})

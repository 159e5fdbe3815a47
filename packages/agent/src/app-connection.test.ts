import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { describe, it } from 'node:test'
import { ForeignPort, type PortConnectorOptions, portConnector } from './app-connection.ts'
import { findListener } from './port-owner.ts'
import { readProcess } from './process-table.ts'
import { until } from './testing/until.ts'

/** An application within this process, which keeps what it was sent on each connection. */
async function application(port = 0) {
  const got: string[] = []
  const server: Server = createServer((socket) => {
    const index = got.push('') - 1
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        got[index] = `${got[index]}${chunk}`
      })
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    got,
    close: () => server.close(),
    [Symbol.dispose]: () => void server.close(),
  }
}

const me = () => [readProcess(process.pid)].filter((entry) => entry !== null)
const connector = (port: number, changes: Partial<PortConnectorOptions> = {}) =>
  portConnector({ port: () => port, uid: process.getuid?.() ?? -1, processes: me, ...changes })
async function send(open: ReturnType<typeof connector>, words: string): Promise<void> {
  const socket = await open.open()
  socket.end(words)
}

describe('a connection to the application’s port', () => {
  it('is one made after its socket was found to be the application’s', async () => {
    using app = await application()
    const to = connector(app.port)
    await send(to, 'first')
    await send(to, 'second')
    await until('both are there', () => app.got.includes('second'))
    assert.deepEqual(app.got, ['', 'first', 'second'])
  })

  it('is anew made so when the application opens its port anew', async () => {
    const before = await application()
    const to = connector(before.port)
    await send(to, 'first')
    before.close()
    using after = await application(before.port)
    await send(to, 'second')
    await until('it is there', () => after.got.includes('second'))
    assert.deepEqual(after.got, ['', 'second'])
  })

  it('carries nothing if the port was another’s when we connected, though it is the application’s now', async () => {
    using thief = await application()
    using app = await application()
    // The first connection goes to the thief; when the kernel is asked he is gone, and the application listens.
    const ports = [thief.port]
    const to = connector(0, {
      port: () => ports.shift() ?? app.port,
      findListener: () => findListener(app.port),
    })
    await send(to, 'cookie')
    await until('it is there', () => app.got.includes('cookie'))
    assert.deepEqual(thief.got, [''])
  })

  it('is refused where another user, or no process of the session, listens', async () => {
    using app = await application()
    await assert.rejects(connector(app.port, { uid: 4_242 }).open(), ForeignPort)
    await assert.rejects(connector(app.port, { processes: () => [] }).open(), ForeignPort)
    assert.equal(app.got.join(''), '')
  })
})

/** Sockets side by side, without a proxy around them: what passes, what waits, and how it ends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { relay } from './relay.ts'
import { until } from './testing.ts'

const open: Socket[] = []
const server = createServer({ allowHalfOpen: true })
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
  server.close()
})

/** @returns both ends of one connection. */
async function connection(): Promise<readonly [near: Socket, far: Socket]> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection')
  const { port } = server.address() as AddressInfo
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  await once(far, 'connect')
  const [near] = (await accepted) as [Socket]
  near.pause()
  open.push(near, far)
  return [near, far]
}

interface Bed {
  readonly client: Socket
  readonly application: Socket
  /** What the proxy has in its hands. */
  readonly near: readonly [client: Socket, application: Socket]
  touched(): number
}

async function relayed(first = ['', '']): Promise<Bed> {
  const [[clientNear, client], [applicationNear, application]] = [await connection(), await connection()]
  let touches = 0
  const [a, b] = first.map((text) => Buffer.from(text))
  relay(
    { socket: clientNear, first: a ?? Buffer.alloc(0) },
    { socket: applicationNear, first: b ?? Buffer.alloc(0) },
    () => {
      touches += 1
    },
  )
  return { client, application, near: [clientNear, applicationNear], touched: () => touches }
}

function heardBy(socket: Socket): () => string {
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  return () => text
}

describe('two sockets', () => {
  it('pass on what came with their heads, and then all that comes', async () => {
    const { client, application, touched } = await relayed(['early', 'words'])
    const [heardClient, heardApplication] = [heardBy(client), heardBy(application)]
    await until(() => heardClient() === 'words' && heardApplication() === 'early', 'the first bytes')
    assert.equal(touched(), 0)
    client.write(' bird')
    await until(() => heardApplication() === 'early bird', 'what the client said')
    application.write(' of wisdom')
    await until(() => heardClient() === 'words of wisdom', 'what the application said')
    assert.equal(touched(), 2)
  })

  // Both ways: the reader stands still, and so does the sender, until the reader goes on; then every byte is there.
  for (const [who, from, to] of [
    ['client', 'client', 'application'],
    ['application', 'application', 'client'],
  ] as const)
    it(`hold back a ${who} whose bytes nobody takes, and let it go on afterwards`, async () => {
      const bed = await relayed()
      const size = 64 * 1024 * 1024
      bed[to].pause()
      bed[from].end(Buffer.alloc(size, 1))
      let last = -1
      let still = 0
      const passed = () => bed.near[0].bytesRead + bed.near[1].bytesRead
      await until(() => {
        still = passed() === last ? still + 1 : 0
        last = passed()
        return still > 20
      }, 'the sender to stand still')
      assert.ok(passed() < size, 'all of it was taken')
      const held = bed.near[0].writableLength + bed.near[1].writableLength
      assert.ok(held < 1_000_000, `${held} bytes are held in memory`)
      let got = 0
      bed[to].on('data', (bytes) => {
        got += bytes.length
      })
      bed[to].resume()
      await once(bed[to], 'end')
      assert.equal(got, size)
    })

  it('end one by one: the other direction stays open', async () => {
    const { client, application, near } = await relayed()
    const [heardClient, heardApplication] = [heardBy(client), heardBy(application)]
    application.end('last words')
    await once(client, 'end')
    assert.equal(heardClient(), 'last words')
    client.write('still here')
    await until(() => heardApplication() === 'still here', 'what the client says afterwards')
    client.end()
    await until(() => near.every((socket) => socket.destroyed), 'both to be closed')
  })

  it('pass on an end that came before they were joined', async () => {
    const [[clientNear, client], [applicationNear, application]] = [await connection(), await connection()]
    client.end()
    await once(clientNear, 'end')
    relay({ socket: clientNear, first: Buffer.alloc(0) }, { socket: applicationNear, first: Buffer.alloc(0) }, () => {})
    const heard = heardBy(client)
    application.resume()
    await once(application, 'end')
    application.end('goodbye')
    await until(() => heard() === 'goodbye' && applicationNear.destroyed && clientNear.destroyed, 'the end of both')
  })

  for (const who of ['client', 'application'] as const)
    it(`fail together when the ${who} is cut off`, async () => {
      const bed = await relayed()
      bed[who].resetAndDestroy()
      await until(() => bed.near.every((socket) => socket.destroyed), 'both to be closed')
      // Nothing is left that knows of them.
      for (const socket of bed.near) assert.equal(socket.emit('data', Buffer.from('x')), true)
      assert.equal(bed.touched(), 0)
    })

  it('are closed when nothing moves after one of them has ended, and not before', async () => {
    const { client, near } = await relayed()
    assert.deepEqual(
      near.map((socket) => socket.timeout ?? 0),
      [0, 0],
    )
    client.end()
    const [, application] = near
    await once(near[0], 'end')
    assert.equal(application.timeout, 120_000)
    application.emit('timeout')
    await until(() => near.every((socket) => socket.destroyed), 'both to be closed')
  })
})

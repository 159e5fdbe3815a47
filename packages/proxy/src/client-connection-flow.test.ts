/** A client that asks more than it takes, or takes slowly: what it may make us hold, and what it gets in the end. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { ClientAnswer } from './client-answer.ts'
import { mostAhead } from './client-connection.ts'
import { get, limits, open, type Serve, say } from './testing/connection-bed.ts'
import { until } from './testing.ts'

/** More than the system takes between two programs of one machine (bytes). */
const large = 24 * 2 ** 20
const sayMuch: Serve = (_, answer) => {
  answer.writeHead(200, ['Content-Length', String(large), 'Date', 'x'])
  answer.end(Buffer.alloc(large, 'x'))
}
/** Writes until the other side takes no more for a while. @returns how much it took. */
async function pour(socket: Socket, bytes: Buffer, most: number): Promise<number> {
  let sent = 0
  let quiet = 0
  while (sent < most && quiet < 20) {
    const before = socket.writableLength
    if (before < bytes.length) {
      socket.write(bytes)
      sent += bytes.length
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    quiet = socket.writableLength < before || socket.writableLength === 0 ? 0 : quiet + 1
  }
  return sent - socket.writableLength
}

describe('a client that asks and takes nothing', () => {
  const requests = Buffer.from(get('/').repeat(4_000))

  it('is read no further once its answers wait: they are not heaped up', async () => {
    const { socket, seen, held } = await open(say('x'.repeat(20_000)))
    socket.pause()
    await pour(socket, requests, 64 * 2 ** 20)
    const { length } = seen
    assert.ok(held() < 2 ** 20, `${held()} bytes of ${length} answers wait`)
    // Not forgotten: what it has asked for comes as soon as it takes something.
    socket.resume()
    await until(() => seen.length > length + 2_000, 'more requests')
  })

  it('and asks on while the first request is worked on: what it asks waits with itself', async () => {
    const answers: ClientAnswer[] = []
    const { socket, ahead } = await open((_, answer) => void answers.push(answer))
    await pour(socket, requests, 32 * 2 ** 20)
    // Each answer once let in another piece, so that the heap grew with the requests.
    for (let count = 1; count <= 200; count += 1) {
      await until(() => answers.length === count, `request ${count}`)
      await new Promise(setImmediate)
      say('ok')({} as never, answers[count - 1] ?? assert.fail())
      assert.ok(ahead() < mostAhead * 4, `${ahead()} bytes wait for their turn`)
    }
  })
})

describe('a client that sends a body', () => {
  it('waits with it for whoever reads it', async () => {
    const most = 64 * 2 ** 20
    const { socket, seen } = await open(() => {})
    socket.write(get('/', `Content-Length: ${most}\r\n`))
    const taken = await pour(socket, Buffer.alloc(65_536), most)
    assert.equal(seen.length, 1)
    assert.ok(taken < most / 2, `${taken} bytes`)
  })
})

describe('a client that takes slowly', () => {
  for (const [what, more] of [
    ['its last answer', 'Connection: close\r\n'],
    ['an answer', ''],
  ] as const)
    it(`gets all of ${what}, however long that takes`, async () => {
      const { socket, pass, held, gotBytes } = await open(sayMuch)
      socket.pause()
      socket.write(get('/', more))
      await until(() => held() > 0 && !socket.writableNeedDrain, 'an answer that waits')
      pass(limits.lingerMs * 3)
      for (let round = 0; round < 5; round += 1) pass(limits.idleMs - 1)
      socket.resume()
      await until(() => gotBytes() >= large, 'all of it')
      assert.ok(gotBytes() > large)
    })

  it('is given up when it takes nothing at all', async () => {
    const { socket, connection, pass, held, gotBytes, gone } = await open(sayMuch)
    socket.pause()
    socket.write(get('/', 'Connection: close\r\n'))
    await until(() => held() > 0, 'an answer that waits')
    pass(limits.stallMs)
    pass(limits.stallMs + 1)
    await until(() => connection.isQuiet, 'the end of the connection')
    socket.resume()
    await gone
    assert.ok(gotBytes() < large)
  })

  it('is not quiet before it has all: nobody ends its connection for that', async () => {
    const { socket, connection, held, gotBytes } = await open(sayMuch)
    socket.pause()
    socket.write(get('/'))
    await until(() => held() > 0, 'an answer that waits')
    assert.equal(connection.isQuiet, false)
    socket.resume()
    await until(() => gotBytes() > large, 'all of it')
    await until(() => connection.isQuiet, 'rest')
  })
})

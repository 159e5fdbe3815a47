import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { describe, it } from 'node:test'
import { createServer } from 'node:tls'
import { proveKey } from './prove-key.ts'

const psk = { identity: 'abc.1', key: '0a'.repeat(32) }

async function listen(server: Server): Promise<{ host: string; port: number } & AsyncDisposable> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    host: '127.0.0.1',
    port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** What an agent's guarded socket speaks. */
function holder(key: string): Server {
  const server = createServer({
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    maxVersion: 'TLSv1.2',
    pskCallback: () => Buffer.from(key, 'hex'),
  })
  server.on('secureConnection', (socket) => socket.on('error', () => {}))
  return server
}

describe('proveKey', () => {
  it('is convinced by who holds the key, and by nobody else', async () => {
    await using right = await listen(holder(psk.key))
    assert.deepEqual(await proveKey(right, psk, 60_000), { isProven: true })

    await using wrong = await listen(holder('0b'.repeat(32)))
    assert.equal((await proveKey(wrong, psk, 60_000)).isProven, false)
  })

  it('is not convinced by who talks nicely, hangs up, or is not there', async () => {
    await using web = await listen(
      createTcpServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end('HTTP/1.1 200 OK\r\n\r\n'),
      ),
    )
    await using rude = await listen(createTcpServer((socket) => socket.destroy()))
    const { host, port } = await listen(holder(psk.key)).then(async (server) => {
      await server[Symbol.asyncDispose]()
      return server
    })
    for (const target of [web, rude, { host, port }]) {
      const proof = await proveKey(target, psk, 5_000)
      assert.ok(!proof.isProven && proof.words !== '' && !proof.words.includes(psk.key))
    }
  })

  it('does not wait for ever for who says nothing', async () => {
    const sockets: { destroy(): void }[] = []
    await using silent = await listen(createTcpServer((socket) => sockets.push(socket)))
    const proof = await proveKey(silent, psk, 50)
    assert.ok(!proof.isProven && /no answer within/.test(proof.words))
    for (const socket of sockets) socket.destroy()
  })
})

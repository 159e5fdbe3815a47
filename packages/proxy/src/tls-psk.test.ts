import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import type http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { psk, rawExchange, testProxy, testServer } from './testing.ts'

const secret = 'what only the owner may read'
const answer: http.RequestListener = (_, response) => response.end(secret)
const wrong = { identity: psk.identity, key: 'f0'.repeat(32) }

describe('a target with a key', () => {
  it('is reached with the right key, over kept connections', async () => {
    await using agent = await testServer(answer, psk)
    await using proxy = await testProxy()
    await proxy.client.addRoute('/', { target: `https://127.0.0.1:${agent.port}`, psk })
    for (const host of ['a.example', 'b.example', 'c.example'])
      assert.match(
        await rawExchange(proxy.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        new RegExp(secret),
      )
    assert.equal(agent.connections, 1)
  })

  // CVE-2025-58435 (Open OnDemand): a password that stayed the same when a program changed its words.
  for (const [what, key] of [
    ['wrong key', wrong],
    ['unknown identity', { ...psk, identity: 'session-2' }],
  ] as const)
    it(`is not reached with a ${what}: 503, and the application sees nothing`, async () => {
      await using agent = await testServer(answer, psk)
      await using proxy = await testProxy()
      await proxy.client.addRoute('/', { target: `https://127.0.0.1:${agent.port}`, psk: key })
      const response = await fetch(proxy.url, { method: 'POST', body: 'canary', headers: { cookie: 'canary' } })
      assert.equal(response.status, 503)
      assert.doesNotMatch(await response.text(), /canary|owner/)
      assert.equal(agent.seen.length, 0)
    })

  it('shows nothing of the request to another program that took the port', async () => {
    const heard: string[] = []
    const thief = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        heard.push(chunk.toString('latin1'))
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen')
      })
    })
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
    const address = thief.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const ask = async (route: { target: string; psk?: typeof psk }) => {
      await using proxy = await testProxy()
      await proxy.client.addRoute('/', route)
      return await (await fetch(`${proxy.url}/canary`, { headers: { cookie: 'canary=1' } })).text()
    }
    assert.doesNotMatch(await ask({ target: `https://127.0.0.1:${port}`, psk }), /stolen/)
    assert.doesNotMatch(heard.join(''), /canary/)
    // Positive control: without the key the same program gets everything.
    assert.match(await ask({ target: `http://127.0.0.1:${port}` }), /stolen/)
    assert.match(heard.join(''), /canary/)
    await new Promise((resolve) => thief.close(resolve))
  })

  it('tells neighbours without the key nothing: plain HTTP, plain TLS, curl', async () => {
    await using agent = await testServer(answer, psk)
    await assert.rejects(fetch(`http://127.0.0.1:${agent.port}/`))
    await assert.rejects(
      new Promise((resolve, reject) => {
        tls
          .connect({ port: agent.port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve('connected'))
          .on('error', reject)
      }),
    )
    const curl = await new Promise<string>((resolve) => {
      execFile('curl', ['-sk', '--max-time', '5', `https://127.0.0.1:${agent.port}/`], (_, stdout, stderr) =>
        resolve(stdout + stderr),
      )
    })
    assert.equal(curl, '')
    assert.equal(agent.seen.length, 0)
  })
})

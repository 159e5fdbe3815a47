import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { parseAddress } from './address.ts'
import { readCertificate } from './certificate-files.ts'
import { startProxy } from './proxy.ts'
import { anywhere, type Started, started } from './testing/bin-process.ts'
import { jsonOf, temporaryFolder, testServer, token, until } from './testing.ts'

/** What arrives until the other side ends the connection; `reset` if it does so rudely. */
async function rest(socket: net.Socket): Promise<string> {
  let text = ''
  try {
    for await (const part of socket) text += String(part)
  } catch {
    text += 'reset'
  }
  return text
}

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

const stopping = (proxy: Started) =>
  until(() => proxy.lines.some((line) => line.includes('"stopping"')), 'the signal to be seen')

const request = 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n'

describe('a proxy that is told to stop', () => {
  it('says on its last answers that the connection ends, and closes those on which nothing runs', async () => {
    const waiting: ServerResponse[] = []
    await using app = await testServer((asked, response) => {
      if (asked.url === '/slow') waiting.push(response)
      else response.end('quick')
    })
    await using proxy = await started([...anywhere, '--default-target', `http://127.0.0.1:${app.port}`])
    const [idle, busy, alone] = [await connected(proxy.port), await connected(proxy.port), await connected(proxy.port)]
    for (const socket of [idle, busy]) {
      socket.write(request)
      const [first] = await once(socket, 'data')
      assert.match(String(first), /\r\nConnection: keep-alive\r\n/, 'without a signal it stays')
    }
    busy.write(request.replace('/x', '/slow'))
    await until(() => waiting.length === 1, 'the slow request')

    const ended = once(proxy.child, 'exit')
    proxy.child.kill('SIGTERM')
    await stopping(proxy)
    assert.equal(await rest(idle), '')
    waiting[0]?.end('at last')
    const answer = await rest(busy)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*at last$/s)
    assert.equal(await rest(alone), '', 'who never asked anything does not hold it up')
    assert.deepEqual(await ended, [0, null])
  })

  it('answers a request of who had connected before, and had said nothing yet', async () => {
    await using app = await testServer((_, response) => response.end('quick'))
    await using proxy = await started([...anywhere, '--default-target', `http://127.0.0.1:${app.port}`])
    const early = await connected(proxy.port)
    // Taken by the proxy, not only by the kernel.
    const after = await connected(proxy.port)
    after.write(request)
    await once(after, 'data')
    proxy.child.kill('SIGTERM')
    await stopping(proxy)
    early.write(request)
    assert.match(await rest(early), /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*quick$/s)
  })
})

describe('a proxy that speaks TLS and is told to stop', () => {
  it('lets a handshake that has begun come to its end, and answers what is asked then', async () => {
    await using folder = await temporaryFolder()
    const names = ['-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=h']
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...names],
      {
        cwd: folder.path,
        stdio: 'ignore',
      },
    )
    const certificate = readCertificate({ certificate: join(folder.path, 'cert'), key: join(folder.path, 'key') })
    await using app = await testServer((_, response) => response.end('quick'))
    const proxy = await startProxy({
      listen: [{ address: '127.0.0.1:0', tls: certificate }],
      control: '127.0.0.1:0',
      token,
      defaultTarget: `http://127.0.0.1:${app.port}`,
    })
    const address = parseAddress(proxy.listen[0] ?? '')
    const port = address.kind === 'tcp' ? address.port : 0
    const early = await connected(port)
    // Taken by the proxy, not only by the kernel.
    const after = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(after, 'secureConnect')
    const stopped = proxy.stop(10_000)
    after.destroy()
    await until(
      () =>
        connected(port)
          .then(
            (socket) => void socket.destroy(),
            () => true,
          )
          .then(Boolean),
      'no new connections',
    )
    const late = tls.connect({ socket: early, rejectUnauthorized: false })
    late.write(request)
    assert.match(await rest(late), /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*quick$/s)
    await stopped
  })
})

describe('health of the proxy', () => {
  it('is told without a token where figures and routes are: alive always, ready when it has routes and was not told to stop', async () => {
    let finish = () => {}
    await using app = await testServer((_, response) => {
      response.write('begun')
      finish = () => response.end()
    })
    const metrics = ['--metrics', '127.0.0.1:0']
    {
      await using bare = await started([...anywhere, ...metrics])
      const answer = await fetch(`http://${bare.metrics}/ready`)
      assert.deepEqual(
        [answer.status, await jsonOf(answer)],
        [503, { ready: false, routes: 0, reason: 'no routes: the hub has not given any' }],
      )
      assert.equal((await fetch(`http://${bare.metrics}/health`)).status, 200)
      assert.match(await (await fetch(`http://${bare.metrics}/metrics`)).text(), /^batchway_proxy_routes 0$/m)
      assert.equal((await fetch(`http://${bare.metrics}/healthy`)).status, 404)
      assert.equal((await fetch(`http://${bare.control}/api/routes`)).status, 403, 'all else wants the token')
    }
    await using proxy = await started([...anywhere, ...metrics, `--default-target=http://127.0.0.1:${app.port}`])
    const places = [proxy.metrics, proxy.control]
    const asked = () => Promise.all(places.map((place) => fetch(`http://${place}/ready`)))
    for (const answer of await asked())
      assert.deepEqual([answer.status, await jsonOf(answer)], [200, { ready: true, routes: 0 }])
    const running = await fetch(proxy.url)
    proxy.child.kill('SIGTERM')
    await stopping(proxy)
    for (const answer of await asked()) {
      assert.equal(answer.status, 503)
      assert.match((await jsonOf(answer)).reason, /^draining/)
    }
    for (const place of places) assert.equal((await fetch(`http://${place}/health`)).status, 200)
    finish()
    assert.equal(await running.text(), 'begun')
    assert.equal(parseAddress(proxy.metrics ?? '').kind, 'tcp')
  })
})

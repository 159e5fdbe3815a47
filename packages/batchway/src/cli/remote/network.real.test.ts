/** The commands at a real server: TLS with a certificate that nobody has signed, nobody there, a stream that breaks off. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { commandBench } from './testing/command-bench.ts'

async function listening<T>(server: Server, scheme: string, use: (url: string) => Promise<T>): Promise<T> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    return await use(`${scheme}://127.0.0.1:${port}`)
  } finally {
    server.close()
  }
}
const benchAt = (url: string) => commandBench((address, init) => fetch(address, init), { BATCHWAY_URL: url })

describe('the commands at a real server', () => {
  it('say what is wrong with a certificate, and send no token before', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-tls-'))
    try {
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
      assert.ok(key && cert)
      const argv = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
      execFileSync(
        'openssl',
        [...argv, '-keyout', key, '-out', cert, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
        { stdio: 'pipe' },
      )
      let requests = 0
      const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
        requests++
        response.end()
      })
      const { status, err } = await listening(server, 'https', (url) => benchAt(url).run('user list'))
      assert.deepEqual([status, requests], [6, 0])
      assert.match(err, /signed by nobody that is trusted here.*NODE_EXTRA_CA_CERTS/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('say that nobody listens, and that a plain server does not speak TLS', async () => {
    const free = await listening(createServer(), 'http', async (url) => url)
    const { status, err } = await benchAt(free).run('user list')
    assert.equal(status, 6)
    assert.match(err, /nobody listens at 127\.0\.0\.1:\d+: is the gateway running/)
    const plain = await listening(createServer(), 'https', (url) => benchAt(url).run('user list'))
    assert.equal(plain.status, 6)
    assert.match(plain.err, /does not speak TLS as it should/)
  })

  it('follow a start over a stream that breaks off', async () => {
    const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`
    let streams = 0
    const answers: RequestListener = (request, response) => {
      if (request.method === 'POST') return response.writeHead(202).end()
      if (!request.url?.endsWith('/progress')) {
        response.setHeader('Content-Type', 'application/json')
        return response.end(JSON.stringify({ name: '', ready: true, url: '/user/alice/', full_url: null }))
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(event({ progress: 0, message: 'Server requested' }), () => {
        if (streams++ === 0) return response.destroy()
        response.end(event({ progress: 100, ready: true, message: 'Server ready' }))
      })
    }
    const { status, out, err, at } = await listening(createServer(answers), 'http', async (url) => ({
      at: url,
      ...(await benchAt(url).run('server start --user alice --wait')),
    }))
    assert.deepEqual([status, out, err], [0, `${at}/user/alice/\n`, '  0 %  Server requested\n100 %  Server ready\n'])
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { parseAddress } from '../address.ts'
import { silentLog } from '../log.ts'
import { portOf, temporaryFolder, testServer, token } from '../testing.ts'
import { readChpCommandLine } from './command-line.ts'
import { startChp } from './start.ts'

function makeCertificate(folder: string, name: string): void {
  const to = ['-keyout', 'key.new', '-out', 'cert.new', '-days', '2', '-subj', `/CN=${name}`]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...to], {
    cwd: folder,
    stdio: 'ignore',
  })
  for (const part of ['key', 'cert']) renameSync(join(folder, `${part}.new`), join(folder, part))
}

async function connect(port: number): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  return socket
}
const nameOf = (socket: tls.TLSSocket) => socket.getPeerCertificate().subject.CN

async function ask(socket: tls.TLSSocket): Promise<string> {
  socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [answer] = await once(socket, 'data')
  return String(answer).split('\r\n')[0] ?? ''
}

/** An `https` application that asks for a certificate, and says whose it was; each answer is the last on its connection. */
async function openTarget(cert: Buffer, key: Buffer) {
  const server = https.createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const shown = (request.socket as tls.TLSSocket).getPeerCertificate()
      response.writeHead(200, { Connection: 'close' }).end(shown.subject?.CN ?? 'nobody')
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { url: `https://127.0.0.1:${portOf(server)}`, [Symbol.asyncDispose]: close }
}

const secrets = { token, passphrase: undefined, apiPassphrase: undefined }
const place = ['--ip', '127.0.0.1', '--port', '0', '--api-ip', '127.0.0.1', '--api-port', '0']
function start(...argv: string[]) {
  const settings = readChpCommandLine([...place, ...argv])
  if (typeof settings === 'string') throw new Error(settings)
  return startChp(settings, secrets, silentLog)
}
function portAt(address: string | undefined): number {
  const at = parseAddress(address ?? '')
  return at.kind === 'tcp' ? at.port : 0
}

describe('certificates that are replaced', () => {
  it('are those of new connections, and cut none that is open; what cannot be used changes nothing', async () => {
    await using folder = await temporaryFolder()
    makeCertificate(folder.path, 'old')
    await using app = await testServer((_, response) => response.end('ok'))
    const files = ['--ssl-key', join(folder.path, 'key'), '--ssl-cert', join(folder.path, 'cert')]
    const running = await start(...files, '--default-target', `http://127.0.0.1:${app.port}`)
    const opened: tls.TLSSocket[] = []
    try {
      const open = async () => {
        const socket = await connect(portAt(running.proxy.listen[0]))
        opened.push(socket)
        return socket
      }
      const before = await open()
      assert.deepEqual([nameOf(before), await ask(before)], ['old', 'HTTP/1.1 200 OK'])

      makeCertificate(folder.path, 'new')
      assert.equal(nameOf(await open()), 'old', 'nobody has asked for it yet')
      running.renew()
      const after = await open()
      assert.deepEqual([nameOf(after), await ask(after)], ['new', 'HTTP/1.1 200 OK'])
      assert.equal(await ask(before), 'HTTP/1.1 200 OK', 'what was open still is')

      writeFileSync(join(folder.path, 'cert'), 'no certificate')
      assert.throws(() => running.renew())
      assert.equal(nameOf(await open()), 'new')
    } finally {
      for (const socket of opened) socket.destroy()
      await running.stop(0)
    }
  })

  it('are those shown to targets and to the server of error pages from then on; what cannot be used changes nothing', async () => {
    await using folder = await temporaryFolder()
    const [key, cert] = [join(folder.path, 'key'), join(folder.path, 'cert')]
    makeCertificate(folder.path, 'old')
    await using target = await openTarget(readFileSync(cert), readFileSync(key))
    const files = ['--client-ssl-key', key, '--client-ssl-cert', cert, '--insecure']
    const running = await start(...files, '--error-target', target.url)
    try {
      assert.deepEqual(running.files, [key, cert], 'they are looked at, as those of listeners are')
      const url = `http://127.0.0.1:${portAt(running.proxy.listen[0])}`
      await fetch(`http://127.0.0.1:${portAt(running.proxy.control)}/api/routes/a`, {
        method: 'POST',
        headers: { Authorization: `token ${token}` },
        body: JSON.stringify({ target: target.url }),
      })
      const shown = async () => [await (await fetch(`${url}/a`)).text(), await (await fetch(`${url}/nowhere`)).text()]
      assert.deepEqual(await shown(), ['old', 'old'])

      makeCertificate(folder.path, 'new')
      running.renew()
      assert.deepEqual(await shown(), ['new', 'new'])

      writeFileSync(cert, '')
      assert.throws(() => running.renew())
      assert.deepEqual(await shown(), ['new', 'new'])
    } finally {
      await running.stop(0)
    }
  })
})

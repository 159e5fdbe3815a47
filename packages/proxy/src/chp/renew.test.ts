import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { parseAddress } from '../address.ts'
import { silentLog } from '../log.ts'
import { temporaryFolder, testServer, token } from '../testing.ts'
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

describe('certificates that are replaced', () => {
  it('are those of new connections, and cut none that is open; what cannot be used changes nothing', async () => {
    await using folder = await temporaryFolder()
    makeCertificate(folder.path, 'old')
    await using app = await testServer((_, response) => response.end('ok'))
    const files = ['--ssl-key', join(folder.path, 'key'), '--ssl-cert', join(folder.path, 'cert')]
    const place = ['--ip', '127.0.0.1', '--port', '0', '--api-ip', '127.0.0.1', '--api-port', '0']
    const settings = readChpCommandLine([...place, ...files, '--default-target', `http://127.0.0.1:${app.port}`])
    if (typeof settings === 'string') throw new Error(settings)
    const secrets = { token, passphrase: undefined, apiPassphrase: undefined }
    const running = await startChp(settings, secrets, silentLog)
    const opened: tls.TLSSocket[] = []
    try {
      const at = parseAddress(running.proxy.listen[0] ?? '')
      const open = async () => {
        const socket = await connect(at.kind === 'tcp' ? at.port : 0)
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
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { readCertificate, watchFiles } from './certificate-files.ts'
import { anywhere, start, started } from './testing/bin-process.ts'
import { temporaryFolder, testServer, until } from './testing.ts'

/** `live/cert.pem` and `live/key.pem` are links, as certbot makes them; each renewal is a folder of its own. */
function makeCertificate(folder: string, name: string): { readonly cert: string; readonly key: string } {
  const archive = join(folder, name)
  mkdirSync(archive)
  const to = ['-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', `/CN=${name}`]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...to], {
    cwd: archive,
    stdio: 'ignore',
  })
  return { cert: join(archive, 'cert.pem'), key: join(archive, 'key.pem') }
}

function turnLink(folder: string, file: string, to: string): void {
  symlinkSync(to, join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, file))
}

async function connect(port: number): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  return socket
}
const nameOf = (socket: tls.TLSSocket): string => String(socket.getPeerCertificate().subject.CN)

async function ask(socket: tls.TLSSocket): Promise<string> {
  socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [answer] = await once(socket, 'data')
  return String(answer).split('\r\n')[0] ?? ''
}

async function nameNow(port: number): Promise<string> {
  const socket = await connect(port)
  const name = nameOf(socket)
  socket.destroy()
  return name
}

describe('certificates of batchway-proxy', () => {
  it('are read anew at SIGHUP, and when files or links to them were replaced; open connections live on', async () => {
    await using folder = await temporaryFolder()
    await using app = await testServer((request, response) => response.end(request.headers['x-forwarded-proto']))
    const files = { certificate: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') }
    const use = ({ cert, key }: { cert: string; key: string }) => {
      turnLink(folder.path, 'key.pem', key)
      turnLink(folder.path, 'cert.pem', cert)
    }
    use(makeCertificate(folder.path, 'first'))
    await using proxy = await started([
      ...anywhere,
      `--default-target=http://127.0.0.1:${app.port}`,
      `--tls-certificate=${files.certificate}`,
      `--tls-key=${files.key}`,
    ])
    const told = (words: string) => proxy.lines.filter((line) => line.includes(words)).length
    const old = await connect(proxy.port)
    assert.deepEqual([nameOf(old), await ask(old)], ['first', 'HTTP/1.1 200 OK'])
    assert.equal(app.seen[0]?.headers.includes('https'), true)

    use(makeCertificate(folder.path, 'second'))
    assert.equal(await nameNow(proxy.port), 'first', 'nobody has asked for it yet')
    proxy.child.kill('SIGHUP')
    await until(() => told('read anew') === 1, 'the signal to be followed')
    assert.equal(await nameNow(proxy.port), 'second')
    assert.equal(await ask(old), 'HTTP/1.1 200 OK', 'what was open still is')

    // Half of a pair, then a file that is not whole: what there is stays, and is told once.
    const third = makeCertificate(folder.path, 'third')
    turnLink(folder.path, 'cert.pem', third.cert)
    proxy.child.kill('SIGHUP')
    await until(() => told('stays as it was') >= 1, 'the pair to be refused')
    writeFileSync(join(folder.path, 'half'), readFileSync(third.key).subarray(0, 60))
    turnLink(folder.path, 'key.pem', join(folder.path, 'half'))
    proxy.child.kill('SIGHUP')
    await until(() => told('stays as it was') >= 2, 'the file to be refused')
    assert.equal(await nameNow(proxy.port), 'second')

    turnLink(folder.path, 'key.pem', third.key)
    await until(async () => (await nameNow(proxy.port)) === 'third', 'the files to be looked at, without a signal')
    assert.equal(await ask(old), 'HTTP/1.1 200 OK')
    old.destroy()
  })

  it('that do not belong together, are empty or are missing end the start with their names', async () => {
    await using folder = await temporaryFolder()
    const [a, b] = [makeCertificate(folder.path, 'a'), makeCertificate(folder.path, 'b')]
    const empty = join(folder.path, 'empty')
    writeFileSync(empty, '')
    assert.throws(() => readCertificate({ certificate: a.cert, key: b.key }), /no certificate with its key: .*mismatch/)
    assert.throws(() => readCertificate({ certificate: empty, key: empty }), /an empty file/)
    assert.throws(() => readCertificate({ certificate: '/no/such', key: a.key }), /ENOENT.*\/no\/such/)
    readCertificate({ certificate: a.cert, key: a.key })
    const child = start([...anywhere, `--tls-certificate=${a.cert}`, `--tls-key=${b.key}`])
    let words = ''
    child.stderr?.on('data', (part) => {
      words += String(part)
    })
    const [code] = await once(child, 'close')
    assert.equal(code, 1)
    assert.match(words, new RegExp(`${a.cert} and ${b.key}`))
  })
})

describe('watchFiles', () => {
  it('waits until files have stayed as they are from one look to the next', async () => {
    await using folder = await temporaryFolder()
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')]
    for (const file of [one, two]) writeFileSync(file, 'a')
    const seen: string[] = []
    const looks = 200
    using _watch = watchFiles([one, two], () => seen.push(readFileSync(one, 'utf8') + readFileSync(two, 'utf8')), {
      everyMs: looks,
    })
    await new Promise((resolve) => setTimeout(resolve, 2 * looks))
    assert.deepEqual(seen, [])
    writeFileSync(one, 'b')
    await new Promise((resolve) => setTimeout(resolve, looks / 4))
    writeFileSync(two, 'b')
    await until(() => seen.length > 0, 'the change')
    assert.deepEqual(seen, ['bb'])
  })
})

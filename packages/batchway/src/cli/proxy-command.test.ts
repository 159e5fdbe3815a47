import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { until } from './testing/until.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The name in the certificate that is shown, or the code of what went wrong. */
function nameAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

describe('batchway proxy', () => {
  it('hands signals on: at SIGHUP certificates are read, and what waits for a restart is named; SIGTERM ends it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-proxy-'))
    const inside = (name: string): string => join(folder, name)
    const makeCertificate = (name: string): void => {
      const to = ['-keyout', 'key.new', '-out', 'cert.new', '-days', '2', '-subj', `/CN=${name}`]
      const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...to]
      execFileSync('openssl', how, { cwd: folder, stdio: 'ignore' })
      for (const part of ['key', 'cert']) renameSync(inside(`${part}.new`), inside(part))
    }
    const [port, metrics] = [await freePort(), await freePort()]
    const site = (more: object) => ({
      url: `https://127.0.0.1:${port}/`,
      listen: [`127.0.0.1:${port}`],
      stateDirectory: inside('state'),
      clusters: { here: { driver: 'local' } },
      applications: { lab: { kind: 'jupyterhub-singleuser' } },
      profiles: [{ key: 'small', title: 'Small', cluster: 'here', application: 'lab' }],
      proxy: {
        tls: { certificateFile: inside('cert'), keyFile: inside('key') },
        metrics: `127.0.0.1:${metrics}`,
        ...more,
      },
    })
    const configFile = inside('batchway.yaml')
    const write = (text: string): void => writeFileSync(configFile, text)
    makeCertificate('first')
    write(JSON.stringify(site({})))
    const argv = ['--conditions=source', join(import.meta.dirname, 'main.ts'), 'proxy', `--config=${configFile}`]
    const child = spawn(process.execPath, argv, {
      cwd: '/',
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'exit')
    let words = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => {
        words += String(part)
      })
    try {
      await until('it listens', () => words.includes('"listening"'))
      assert.equal(await nameAt(port), 'first')
      const ready = await fetch(`http://127.0.0.1:${metrics}/ready`)
      assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, routes: 0 }])

      makeCertificate('second')
      child.kill('SIGHUP')
      await until('the certificate is read', async () => (await nameAt(port)) === 'second')
      assert.doesNotMatch(words, /wait for a restart/, 'the configuration is as it was')
      write(JSON.stringify(site({ accessLog: inside('access') })))
      child.kill('SIGHUP')
      await until('the difference is named', () =>
        words.includes('the configuration has other values for --access-log: they wait for a restart'),
      )
      write('url: [')
      child.kill('SIGHUP')
      await until('the broken file is told of', () => words.includes('the configuration cannot be read now'))
      assert.equal(await nameAt(port), 'second')

      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
      assert.equal(await nameAt(port), 'ECONNREFUSED')
    } finally {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

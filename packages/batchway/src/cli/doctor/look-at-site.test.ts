import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lookAtListener } from './look-at-site.ts'

async function hubOf(headers: Record<string, string>, tls: { key: Buffer; cert: Buffer } | null = null) {
  const answer = (_: unknown, response: ServerResponse) => void response.writeHead(200, headers).end('{}')
  const server = tls === null ? createServer(answer) : createTlsServer(tls, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return {
    address: `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
const version = { 'X-Batchway-Version': '0.1.0' }

describe('lookAtListener', () => {
  for (const [who, headers, hub, listen] of [
    ['our hub', { ...version, 'X-Batchway-Site': 'k3fzzzzzz' }, 'ours', 'ours'],
    ['another hub of this version', { ...version, 'X-Batchway-Site': 'abczzzzzz' }, 'taken', 'taken'],
    // The proxy answers by itself while the hub is away.
    ['who names no version', {}, 'taken', 'ours'],
  ] as const)
    it(`takes ${who} for what it is`, async () => {
      await using answerer = await hubOf(headers)
      const facts = { isRunning: true, apiPath: '/hub/api', site: 'k3fzzzzzz' }
      assert.equal((await lookAtListener(answerer.address, 'hub.internal', facts)).state, hub)
      assert.equal((await lookAtListener(answerer.address, 'listen', facts)).state, listen)
      // Where our hub does not run nobody is to answer.
      assert.equal((await lookAtListener(answerer.address, 'listen', { ...facts, isRunning: false })).state, 'taken')
    })

  it('asks by TLS where the proxy speaks it, and takes it for silent by plain HTTP', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-doctor-'))
    const names = ['-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=hpc.example.edu']
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...names],
      { cwd: folder, stdio: 'ignore' },
    )
    const [key, cert] = [readFileSync(join(folder, 'key')), readFileSync(join(folder, 'cert'))]
    rmSync(folder, { recursive: true })
    await using answerer = await hubOf({ ...version, 'X-Batchway-Site': 'k3fzzzzzz' }, { key, cert })
    const facts = { isRunning: true, apiPath: '/hub/api', site: 'k3fzzzzzz' }
    assert.equal((await lookAtListener(answerer.address, 'listen', { ...facts, isTls: true })).state, 'ours')
    assert.notEqual((await lookAtListener(answerer.address, 'listen', facts)).state, 'ours')
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lookAtPam } from './look-at-pam.ts'

test('a socket is told to answer, to be gone, and to be missing; a service to be there or not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-pam-'))
  const socket = join(folder, 'mux')
  const look = (service = 'batchway-no-such-service') =>
    lookAtPam({ type: 'pam', id: 'pam', button: 'x', service, socket, groups: false }, 'batchway')
  try {
    assert.equal((await look()).refusal, 'ENOENT')
    const server = createServer()
    server.listen(socket)
    await once(server, 'listening')
    chmodSync(folder, 0o710)
    const found = await look()
    assert.deepEqual([found.refusal, found.hasService, found.folder?.path], [null, false, folder])
    server.close()
    await once(server, 'close')
    assert.equal((await look()).refusal, 'ENOENT')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

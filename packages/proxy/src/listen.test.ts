import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { listen } from './listen.ts'

describe('a unix socket that is listened at', () => {
  for (const mode of [0o600, 0o660, 0o666])
    it(`has the mode ${mode.toString(8)} from its first moment, whatever the umask`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'batchway-listen-'))
      const path = join(folder, 'socket')
      const before = process.umask(0o002)
      const server = createServer()
      try {
        const listening = listen(server, { kind: 'unix', path }, mode)
        const modes: number[] = []
        server.prependListener('listening', () => modes.push(statSync(path).mode & 0o777))
        assert.equal(await listening, `unix:${path}`)
        assert.deepEqual(modes, [mode])
        assert.equal(statSync(path).mode & 0o777, mode)
        assert.equal(process.umask(), 0o002)
      } finally {
        process.umask(before)
        server.close()
        rmSync(folder, { recursive: true })
      }
    })
})

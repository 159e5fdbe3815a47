import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { supervise } from './supervise.ts'

describe('keeping processes', () => {
  const state = mkdtempSync(join(tmpdir(), 'batchway-supervise-'))
  after(() => rmSync(state, { recursive: true }))
  const program = (script: string) => ['--input-type=module', '--eval', script]
  const listens = 'console.log(JSON.stringify({ msg: "listening", pid: process.pid })); setInterval(() => {}, 1000)'

  it('gives them a place to keep what Node compiled', async () => {
    const parts = [
      {
        name: 'hub',
        argv: program(`import { getCompileCacheDir } from 'node:module'
      console.log(getCompileCacheDir()); ${listens}`),
      },
    ]
    const supervisor = supervise(parts, state, join(state, 'log'), () => {})
    await supervisor.ready
    await supervisor.stop()
    assert.ok(readFileSync(join(state, 'log'), 'utf8').includes(join(state, 'compile-cache')))
    assert.ok(existsSync(join(state, 'compile-cache')))
  })

  it('rejects with the place of the log when one ends before it listened', async () => {
    const supervisor = supervise(
      [{ name: 'proxy', argv: program('process.exit(3)') }],
      state,
      join(state, 'log'),
      () => {},
    )
    await assert.rejects(supervisor.ready, /the proxy ended with 3 before it listened; see .*log/)
  })
})

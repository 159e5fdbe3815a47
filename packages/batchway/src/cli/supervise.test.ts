import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { supervise } from './supervise.ts'

describe('keeping processes', () => {
  const state = mkdtempSync(join(tmpdir(), 'batchway-supervise-'))
  after(() => rmSync(state, { recursive: true }))
  /** A file: children inherit the flags of this process, and those of a test run do not go together with a program on the command line. */
  const program = (name: string, script: string) => {
    const file = join(state, `${name}.mjs`)
    writeFileSync(file, script)
    return [file]
  }
  const listens = 'console.log(JSON.stringify({ msg: "listening", pid: process.pid })); setInterval(() => {}, 1000)'

  it('gives them a place to keep what Node compiled', async () => {
    const parts = [
      {
        name: 'hub',
        argv: program(
          'lasting',
          `import { getCompileCacheDir } from 'node:module'
      console.log(getCompileCacheDir()); ${listens}`,
        ),
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
      [{ name: 'proxy', argv: program('short', 'process.exit(3)') }],
      state,
      join(state, 'log'),
      () => {},
    )
    await assert.rejects(supervisor.ready, /the proxy ended with 3 before it listened; see .*log/)
  })
})

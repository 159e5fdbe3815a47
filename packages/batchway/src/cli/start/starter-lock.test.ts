import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { isStarterThere, lockStarter } from './starter-lock.ts'

describe('lockStarter', () => {
  const base = mkdtempSync(join(tmpdir(), 'lock-'))
  after(() => rmSync(base, { recursive: true }))
  let folder = base
  beforeEach(() => {
    folder = mkdtempSync(join(base, 'state-'))
  })

  it('is held by one, and free when that one lets go', async () => {
    const first = await lockStarter(folder)
    assert.ok(first)
    assert.equal(statSync(join(folder, 'start.sock')).mode & 0o077, 0)
    assert.equal(await isStarterThere(folder), true)
    assert.equal(await lockStarter(folder), null)
    await first[Symbol.asyncDispose]()
    assert.equal(await isStarterThere(folder), false)
    const second = await lockStarter(folder)
    assert.ok(second)
    await second[Symbol.asyncDispose]()
  })
  it('goes to one of several who ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => lockStarter(folder)))
    const held = all.filter((lock) => lock !== null)
    assert.equal(held.length, 1)
    await held[0]?.[Symbol.asyncDispose]()
  })
  it('is not held by one that was killed', async () => {
    const script = `const { lockStarter } = await import(${JSON.stringify(import.meta.resolve('./starter-lock.ts'))})
await lockStarter(${JSON.stringify(folder)}); process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})`
    assert.throws(() =>
      execFileSync(process.execPath, ['--conditions=source', '--input-type=module', '--eval', script], {
        stdio: 'ignore',
      }),
    )
    assert.equal(existsSync(join(folder, 'start.sock')), true)
    const next = await lockStarter(folder)
    assert.ok(next)
    await next[Symbol.asyncDispose]()
  })
})

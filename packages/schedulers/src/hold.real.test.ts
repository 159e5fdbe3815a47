/** What a real sudo does with what its caller lets it inherit; as root, since somebody must be able to kill it. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { holdState, makeHold, openHold } from './hold.ts'

/** Children of a process, by /proc. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number)

async function childOf(sudo: ChildProcess): Promise<number> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const [child] = childrenOf(sudo.pid ?? 0)
    if (child !== undefined && readFileSync(`/proc/${child}/comm`, 'latin1').trim() === 'sleep') return child
    assert.ok(Date.now() < deadline, 'sudo starts the command')
    await delay(20)
  }
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-hold-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('a command behind sudo whose sudo is killed', () => {
  it('holds its hold until it ends itself; a lock on descriptor 3 it never had', async (t) => {
    const folder = folderOf(t)
    const [path, lock] = [join(folder, 'hold'), join(folder, 'lock')]
    await makeHold(path)
    const { writer, reader } = openHold(path)
    const locked = openSync(lock, 'w')
    execFileSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', locked] })
    const isLocked = (): boolean => spawnSync('flock', ['-n', lock, 'true']).status === 1
    const sudo = spawn('sudo', ['-n', '-u', 'nobody', '--', '/bin/sleep', '600'], {
      stdio: ['ignore', 'ignore', writer, locked],
      detached: true,
    })
    closeSync(writer)
    closeSync(locked)
    const child = await childOf(sudo)
    t.after(() => spawnSync('kill', ['-9', `${child}`]))
    assert.deepEqual([holdState(path), isLocked()], ['held', true])

    sudo.kill('SIGKILL')
    await once(sudo, 'exit')
    assert.deepEqual([holdState(path), isLocked()], ['held', false])

    process.kill(child, 'SIGKILL')
    await once(reader.resume(), 'close')
    assert.equal(holdState(path), 'free')
  })

  it('is not left behind by SIGTERM, which sudo relays', async (t) => {
    const path = join(folderOf(t), 'hold')
    await makeHold(path)
    const { writer, reader } = openHold(path)
    const sudo = spawn('sudo', ['-n', '-u', 'nobody', '--', '/bin/sleep', '600'], {
      stdio: ['ignore', 'ignore', writer],
      detached: true,
    })
    closeSync(writer)
    await childOf(sudo)
    sudo.kill('SIGTERM')
    await once(reader.resume(), 'close')
    assert.equal(holdState(path), 'free')
  })
})

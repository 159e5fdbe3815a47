import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { makeHold } from '@batchway/schedulers'
import { openSubmitHolds, remoteHolds } from './submit-holds.ts'

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'batchway-holds-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'submits')
}

describe('submit holds', () => {
  it('are found again by the next hub, and gone when they are released', async (t) => {
    const directory = directoryOf(t)
    const first = openSubmitHolds(directory)
    await makeHold(first.pathOf('b00abcdefghj01'))
    assert.equal(statSync(directory).mode & 0o777, 0o700)

    const next = openSubmitHolds(directory)
    assert.equal(next.state('b00abcdefghj01'), 'free')
    next.release('b00abcdefghj01')
    assert.deepEqual([next.state('b00abcdefghj01'), readdirSync(directory)], ['absent', []])
    await makeHold(next.pathOf('b00abcdefghj02'))
    next.pathOf('b00abcdefghj03') // of a submit that never began
    for (const tag of ['b00abcdefghj02', 'b00abcdefghj03']) next.release(tag)
    assert.deepEqual(readdirSync(directory), [], 'by the hub that made it, too')
  })

  it('say nothing after another boot: what a file says of another machine’s processes is worth nothing', async (t) => {
    const directory = directoryOf(t)
    const before = openSubmitHolds(directory, '11111111-2222')
    await makeHold(before.pathOf('b00abcdefghj01'))
    assert.equal(before.state('b00abcdefghj01'), 'free')
    assert.equal(openSubmitHolds(directory, '99999999-2222').state('b00abcdefghj01'), 'absent')
  })

  it('keep what is wanted when the rest is pruned', async (t) => {
    const directory = directoryOf(t)
    const old = openSubmitHolds(directory, '11111111-2222')
    await makeHold(old.pathOf('b00abcdefghj01'))
    const first = openSubmitHolds(directory, '99999999-2222')
    await makeHold(first.pathOf('b00abcdefghj01'))
    await makeHold(first.pathOf('b00abcdefghj02'))

    const next = openSubmitHolds(directory, '99999999-2222')
    next.prune((tag) => tag === 'b00abcdefghj01')
    assert.deepEqual(readdirSync(directory), ['b00abcdefghj01.99999999'])
  })
})

describe('holds on a login node', () => {
  it('count as held while it cannot be asked: nobody is proved dead', async () => {
    const released: string[] = []
    let answer: 'free' | 'absent' | null = null
    const holds = remoteHolds({
      holdState: async () => answer ?? Promise.reject(new Error('The login node login1 cannot be reached')),
      releaseHold: (name) => void released.push(name),
    })
    assert.equal(holds.pathOf('b00abcdefghj01'), 'b00abcdefghj01')
    assert.equal(await holds.state('b00abcdefghj01'), 'held')
    for (answer of ['free', 'absent'] as const) assert.equal(await holds.state('b00abcdefghj01'), answer)
    holds.prune(() => false)
    assert.deepEqual(released, [])
    holds.release('b00abcdefghj01')
    assert.deepEqual(released, ['b00abcdefghj01'])
  })
})

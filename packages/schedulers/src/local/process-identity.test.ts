import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { identifyProcess, isAlive, isProcessAlive, parseStat, processStart, type ReadText } from './process-identity.ts'

describe('parseStat', () => {
  it('reads the fields behind whatever a process calls itself', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (comm) => {
        const after = `S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 18446744073709551615 1000`
        assert.deepEqual(parseStat(`42 (${comm}) ${after}`), {
          pid: 42,
          parent: 7,
          session: 42,
          state: 'S',
          startTicks: '18446744073709551615',
        })
      }),
    ))

  for (const text of ['', '42', '42 (sh', '42 (sh) S 1'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseStat(text), null))
})

describe('isAlive', () => {
  const self = identifyProcess(process.pid)
  assert(self)

  it('knows this process', () => assert.equal(isAlive(self), true))
  it('takes the same pid with another start for a dead process', () =>
    assert.equal(isAlive({ ...self, startTicks: '1' }), false))
  it('takes everything of another boot for dead', () => assert.equal(isAlive({ ...self, bootId: 'other' }), false))
})

/** A /proc with one process in it. */
const proc =
  (start: number, { state = 'S', command = 'sbatch', boot = 'b1' } = {}): ReadText =>
  (path) => {
    if (path === '/proc/sys/kernel/random/boot_id') return `${boot}\n`
    return path === '/proc/7/stat' ? `7 (${command}) ${state} 1 ${'0 '.repeat(17)}${start} 0 0\n` : null
  }

describe('processStart', () => {
  it('tells boot and start time, whatever the command is called', () => {
    assert.equal(processStart(7, proc(41)), 'b1/41')
    assert.equal(processStart(7, proc(41, { command: 'a) R 1 2 3 (b' })), 'b1/41')
  })

  it('knows no process where there is none, or only its corpse', () => {
    assert.equal(processStart(8, proc(41)), null)
    assert.equal(processStart(7, proc(41, { state: 'Z' })), null)
  })
})

describe('isProcessAlive', () => {
  it('recognises the very process, and no later one of the same pid', () => {
    assert.equal(isProcessAlive(7, 'b1/41', proc(41)), true)
    assert.equal(isProcessAlive(7, 'b1/41', proc(42)), false)
    assert.equal(isProcessAlive(7, 'b1/41', proc(41, { boot: 'b2' })), false)
    assert.equal(isProcessAlive(7, 'b1/41', proc(41, { state: 'Z' })), false)
  })

  it('follows a real process from start to end', async () => {
    const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    const pid = child.pid ?? 0
    const start = processStart(pid)
    assert.ok(start !== null && isProcessAlive(pid, start))

    child.stdin.end()
    await once(child, 'exit')

    assert.equal(isProcessAlive(pid, start), false)
  })
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { until } from '../testing-until.ts'
import { jobProcesses, markVariable } from './job-processes.ts'
import { isThere, readPids } from './testing-bed.ts'

describe('jobProcesses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bw-processes-'))
  after(() => rmSync(folder, { recursive: true }))

  /** A job whose script ends at once and leaves a process in a session of its own, with nothing above it. */
  async function leave(jobId: string): Promise<number> {
    const pids = join(folder, jobId)
    startScript(`(setsid sh -c 'echo $$ > ${pids}; exec sleep 60' &)`, { [markVariable]: jobId })
    const [left = 0] = await until('what it left', () => readPids(pids, 1))
    return left
  }

  it('finds and ends what left the process group, by its mark alone', async () => {
    const left = await leave('1.0000aaaa')
    const processes = jobProcesses('1.0000aaaa', [], new Set())
    assert.deepEqual(
      processes.scan().map(({ pid }) => pid),
      [left],
    )
    assert.equal(await processes.killAll(10_000), 0)
    assert.equal(isThere(left), false)
  })

  it('touches no other job, though its id begins alike', async () => {
    const other = await leave('2.0000bbbbb')
    const processes = jobProcesses('2.0000bbbb', [], new Set())
    assert.deepEqual(processes.scan(), [])
    assert.equal(await processes.killAll(10_000), 0)
    assert(isThere(other))
    process.kill(other, 'SIGKILL')
  })

  it('keeps what lost its mark and its parent, once it has seen it as a descendant', async () => {
    const pids = join(folder, 'unmarked')
    const script = startScript(`env -i setsid sh -c 'echo $$ > ${pids}; exec sleep 60' & wait`, {
      [markVariable]: '3.cc',
    })
    const [left = 0] = await until('its child', () => readPids(pids, 1))
    const processes = jobProcesses('3.cc', [script.pid ?? 0], new Set())
    assert(processes.scan().some(({ pid }) => pid === left))

    // Control: a signal to the script's process group, which is what a simple runner sends, does not reach it.
    process.kill(-(script.pid ?? 0), 'SIGKILL')
    await until('the script is dead', () => !isThere(script.pid ?? 0))
    assert(isThere(left))

    assert.equal(await processes.killAll(10_000), 0)
    assert.equal(isThere(left), false)
  })

  it('never ends whom it is told to spare', async () => {
    const script = startScript('exec sleep 60', { [markVariable]: '4.dd' })
    const pid = script.pid ?? 0
    await until('it is marked', () => jobProcesses('4.dd', [], new Set()).scan().length === 1)
    assert.deepEqual(jobProcesses('4.dd', [pid], new Set([pid])).scan(), [])
    process.kill(pid, 'SIGKILL')
  })
})

const startScript = (script: string, env: Record<string, string>): ChildProcess =>
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore', env: { PATH: '/usr/bin:/bin', ...env } })

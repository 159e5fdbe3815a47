import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { descendantsOf, listProcesses, readDescendants } from './process-table.ts'
import { until } from './testing/until.ts'

describe('readDescendants', () => {
  it('finds children and their children, as the table of all processes does', async () => {
    const child = spawn('sh', ['-c', 'sh -c "sleep 600 & echo up; wait" & wait'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = child.pid ?? 0
    try {
      await once(child.stdout, 'data')
      const pids = (entries: readonly { readonly pid: number }[]) => entries.map((entry) => entry.pid).sort()
      await until('two processes below it', () => readDescendants(pid).length === 2)
      assert.ok(pids(readDescendants(process.pid)).includes(pid))
      assert.deepEqual(pids(readDescendants(pid)), pids(descendantsOf(new Set([pid]), listProcesses())))
    } finally {
      process.kill(-pid, 'SIGKILL')
      await once(child, 'close')
    }
    assert.deepEqual(readDescendants(pid), [])
  })
})

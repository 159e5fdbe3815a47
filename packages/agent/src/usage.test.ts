import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { descendantsOf, parseStat } from './process-table.ts'
import { jobControlGroup, openUsageMeter } from './usage.ts'

describe('usage', () => {
  it('believes only a control group that belongs to a job', () => {
    assert.equal(jobControlGroup('0::/user.slice/user-1000.slice\n'), null)
    assert.deepEqual(jobControlGroup('0::/system.slice/n1_slurmstepd.scope/job_5/step_batch/user/task_0\n'), {
      memory: '/sys/fs/cgroup/system.slice/n1_slurmstepd.scope/job_5',
      cpu: '/sys/fs/cgroup/system.slice/n1_slurmstepd.scope/job_5',
      version: 2,
    })
    assert.deepEqual(
      jobControlGroup('9:memory:/slurm/uid_1000/job_5/step_batch\n3:cpu,cpuacct:/slurm/uid_1000/job_5/step_batch\n'),
      {
        memory: '/sys/fs/cgroup/memory/slurm/uid_1000/job_5',
        cpu: '/sys/fs/cgroup/cpuacct/slurm/uid_1000/job_5',
        version: 1,
      },
    )
  })

  it('reads the control group, without the page cache that can go', () => {
    const base = '/sys/fs/cgroup/x/job_5'
    const files: Record<string, string> = {
      '/proc/self/cgroup': '0::/x/job_5/step_batch\n',
      [`${base}/memory.current`]: '1000\n',
      [`${base}/memory.peak`]: '5000\n',
      [`${base}/memory.stat`]: 'anon 1\ninactive_file 300\n',
      [`${base}/cpu.stat`]: 'usage_usec 2500000\n',
    }
    const meter = openUsageMeter(
      () => [],
      (path) => files[path] ?? null,
    )
    assert.deepEqual(meter(), { cpuSeconds: 2.5, memoryBytes: 700, memoryPeakBytes: 5000 })
  })

  it('adds up processes where there is none; peak and CPU time never go down', () => {
    const entry = { pid: 1, parent: 0, start: '1', isZombie: false, ticks: 150, residentPages: 10 }
    let entries = [entry, entry]
    const meter = openUsageMeter(
      () => entries,
      () => null,
    )
    assert.deepEqual(meter(), { cpuSeconds: 3, memoryBytes: 81_920, memoryPeakBytes: 81_920 })
    entries = []
    assert.deepEqual(meter(), { cpuSeconds: 3, memoryBytes: 0, memoryPeakBytes: 81_920 })
  })

  it('reads a process whose name holds brackets and blanks, and finds grandchildren', () => {
    const stat = '42 (a) b (c) S 7 42 42 0 -1 4194304 1 2 3 4 10 20 1 2 20 0 1 0 12345 1000 55 18446744073709551615'
    assert.deepEqual(parseStat(42, stat), {
      pid: 42,
      parent: 7,
      start: '12345',
      isZombie: false,
      ticks: 33,
      residentPages: 55,
    })
    const table = [
      [2, 1],
      [3, 2],
      [4, 9],
    ].map(([pid = 0, parent = 0]) => ({ pid, parent, start: '', isZombie: false, ticks: 0, residentPages: 0 }))
    assert.deepEqual(
      descendantsOf(new Set([1]), table).map((entry) => entry.pid),
      [2, 3],
    )
  })
})

/** What a service manager does to a hub: it kills all that is in its cgroup. Needs root, to make one. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { it } from 'node:test'
import { toJobId } from '../driver.ts'
import { until } from '../testing-until.ts'
import { isThere, localBed } from './testing-bed.ts'

it('keeps jobs when everything in the cgroup of the hub is killed', async () => {
  await using bed = await localBed()
  // A v1 tree, or the unified one.
  const tree = ['pids', 'freezer', '.'].find((name) => existsSync(`/sys/fs/cgroup/${name}/cgroup.procs`))
  assert(tree, 'this machine has no cgroups')
  const group = `/sys/fs/cgroup/${tree}/bw-local-${process.pid}`
  mkdirSync(group)
  try {
    const { file, args, stdin = '' } = bed.submitCommand('sleep 600')
    // A hub that submits from a cgroup of its own, beside something in a session of its own.
    const script = `echo $$ > ${group}/cgroup.procs; setsid sleep 60 & "$@"; exec sleep 60`
    const hub = spawn('sh', ['-c', script, 'hub', file, ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
    hub.stdin.end(stdin)
    const [firstLine] = await once(hub.stdout, 'data')
    const id = toJobId(String(firstLine).trim())
    await bed.running(id)
    const victims = readFileSync(`${group}/cgroup.procs`, 'latin1').trim().split('\n').map(Number)
    assert(victims.length >= 2, 'control: a session of its own does not help')
    for (const pid of victims) process.kill(pid, 'SIGKILL')
    await until('the group is empty', () => !victims.some(isThere))
    assert.equal((await bed.find(id))?.phase, 'running')
    await bed.cancel(id)
  } finally {
    await until('the group is removed', () => tryRmdir(group))
  }
})

function tryRmdir(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch {
    return false
  }
}

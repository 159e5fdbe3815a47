/** A Slurm of one's own is apart from every other, and nothing of it stays, however it ends. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync, globSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'private-slurm.sh')

/** Processes in a pid namespace, by its name as readlink(1) prints it. */
const processesIn = (namespace: string): string[] =>
  globSync('/proc/[0-9]*/ns/pid').filter((file) => {
    try {
      return readlinkSync(file) === namespace
    } catch {
      return false // gone meanwhile
    }
  })

describe('a Slurm of one’s own', () => {
  it('has the settings asked for, runs jobs of the bench’s people, and ends with the status of the command', async () => {
    const { stdout: shared } = await run('readlink', ['/proc/self/ns/net'])
    const words = [
      'readlink /proc/self/ns/net',
      'scontrol show config | grep "^PrivateData"',
      'sudo -u alice srun sh -c "id -un; hostname"',
      'exit 7',
    ].join('; ')
    const { code, stdout } = await run(script, ['--set', 'PrivateData=jobs', '--', 'sh', '-c', words]).then(
      (output) => ({ ...output, code: 0 }),
      (error: { code: number; stdout: string }) => error,
    )
    const [net, setting, user] = stdout.split('\n')
    assert.equal(code, 7)
    assert.notEqual(net, shared.trim())
    assert.match(setting ?? '', /^PrivateData\s+= jobs$/)
    assert.equal(user, 'alice')
  })

  it('leaves nothing when it is killed, not even a job that was suspended; the next one tidies up', async () => {
    const words = [
      'readlink /proc/self/ns/pid',
      'id=$(sudo -u alice sbatch --parsable --output=/dev/null --partition=batch --wrap "sleep 1000")',
      'until [ "$(squeue -h -j $id -o %t)" = R ]; do sleep 0.1; done',
      'scontrol suspend $id',
      'findmnt -no FSROOT --mountpoint /var/tmp/batchway-bench',
      'sleep 1000',
    ].join('; ')
    const child = spawn(script, ['--', 'sh', '-c', words], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await until(`the job is suspended: ${said}`, () => said.split('\n').length > 2)
    const [namespace = '', place = ''] = said.split('\n')
    const [name = ''] = /slurm-\w{6}/.exec(place) ?? []
    const folder = join('/var/tmp/batchway-private', name)
    assert.ok(processesIn(namespace).length > 5)
    assert.ok(name !== '' && existsSync(folder), place)

    child.kill('SIGKILL')
    // Frozen processes wait for whoever comes next.
    await until('its daemons are gone', () => processesIn(namespace).length < 5)
    await run(script, ['--', 'true'])

    await until('its processes are gone', () => processesIn(namespace).length === 0)
    await until('its folder is gone', () => !existsSync(folder))
    assert.deepEqual(globSync(`/sys/fs/cgroup/*/${name}`), [])
  })
})

async function until(what: string, test: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 90_000; !test(); await delay(100))
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
}

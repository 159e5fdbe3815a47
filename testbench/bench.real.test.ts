/** The bench is what the other tests take it for: memory limits are real, and the sudo rule opens exactly one door. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

function run(file: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 30_000, cwd: '/' }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr })
    })
  })
}

/** As the hub would: the user batchway asks sudo to run a command as someone. */
const sudo = (...args: string[]) =>
  run('setpriv', ['--reuid=batchway', '--regid=batchway', '--init-groups', 'sudo', '-n', ...args])

async function submit(account: string, args: readonly string[], command: string): Promise<string> {
  const { stdout, stderr } = await sudo(
    '-u',
    account,
    '/usr/bin/sbatch',
    '--parsable',
    '--chdir=/tmp',
    '--output=/dev/null',
    ...args,
    '--wrap',
    command,
  )
  assert.match(stdout.trim(), /^\d+$/, stderr)
  return stdout.trim()
}

/** The state of a job when it has ended. */
async function endOf(id: string): Promise<string> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const { stdout } = await run('scontrol', ['show', 'job', id])
    const state = /JobState=(\w+)/.exec(stdout)?.[1] ?? ''
    if (!['PENDING', 'CONFIGURING', 'RUNNING', 'COMPLETING', ''].includes(state)) return state
    await delay(100)
  }
  throw new Error(`job ${id} has not ended`)
}

describe('the bench', () => {
  const take400 = `/usr/bin/python3 -c 'import time; x = bytearray(400 << 20); time.sleep(1)'`

  it('ends a job that takes 400 MB where 100 MB were asked for', async () => {
    const id = await submit('alice', ['--partition=batch', '--mem=100'], take400)

    assert.equal(await endOf(id), 'OUT_OF_MEMORY')
  })

  it('lets the same job live where 600 MB were asked for', async () => {
    const id = await submit('alice', ['--partition=batch', '--mem=600'], take400)

    assert.equal(await endOf(id), 'COMPLETED')
  })

  it('has the three partitions and the fake GPUs', async () => {
    const { stdout } = await run('sinfo', ['-h', '-o', '%P %l %G'])

    assert.deepEqual(stdout.trim().split('\n').sort(), [
      'batch 2-00:00:00 (null)',
      'debug* 30:00 (null)',
      'gpu 1-00:00:00 gpu:a100:4',
    ])
  })

  it('runs JupyterLab 4 and jupyterhub-singleuser 5 as alice in a job', async () => {
    const trixie = process.env.TEST_TRIXIE_RUN ?? ''
    const check = `${trixie} sh -c 'test "$(id -un)" = alice && jupyter lab --version | grep "^4" && jupyterhub-singleuser --version | grep "^5" && srun hostname'`

    assert.equal(await endOf(await submit('alice', ['--partition=batch', '--mem=1000'], check)), 'COMPLETED')
  })

  for (const [title, args] of [
    ['sbatch as root', ['-u', 'root', '/usr/bin/sbatch', '--version']],
    ['sbatch as uid 0', ['-u', '#0', '/usr/bin/sbatch', '--version']],
    ['sbatch as a system account', ['-u', 'munge', '/usr/bin/sbatch', '--version']],
    ['sbatch as alice in the group root', ['-u', 'alice', '-g', 'root', '/usr/bin/sbatch', '--version']],
    ['another program as alice', ['-u', 'alice', '/usr/bin/id']],
    ['a shell as alice', ['-u', 'alice', '-s']],
    ['sbatch with a library of its own', ['-u', 'alice', 'LD_PRELOAD=/tmp/x.so', '/usr/bin/sbatch', '--version']],
  ] as const) {
    it(`does not let batchway run ${title}`, async () => {
      const { exitCode, stderr } = await sudo(...args)

      assert.equal(exitCode, 1)
      assert.match(stderr, /password is required|not allowed/)
    })
  }

  it('lets batchway run sbatch as alice', async () => {
    const { exitCode, stdout } = await sudo('-u', 'alice', '/usr/bin/sbatch', '--version')

    assert.equal(exitCode, 0)
    assert.match(stdout, /^slurm/)
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ClusterOptions, openCluster } from './cluster.ts'
import { type Command, type JobRequest, type Output, SchedulerError, toJobId } from './driver.ts'
import { holdState } from './hold.ts'
import type { RunOptions } from './run.ts'
import { slurm } from './slurm/slurm.ts'
import { selfTransport } from './transport.ts'

const job: JobRequest = {
  name: 'bw-1',
  account: 'alice',
  script: '#!/bin/sh\ntrue\n',
  resources: { cores: 2, memoryMiB: 1_024, gpus: 0, wallSeconds: 90 },
  workdir: '/home/alice',
  outputPath: '/home/alice/50%/log-%j.txt',
  requeue: false,
  options: {},
}

/** A cluster whose commands are recorded and answered, not run. */
function open(answer: (command: Command) => Output | Promise<Output>, options: Partial<ClusterOptions> = {}) {
  const commands: Command[] = []
  const runs: RunOptions[] = []
  const cluster = openCluster({
    key: 'test',
    driver: slurm,
    transport: selfTransport('alice'),
    environment: { PATH: '/usr/bin', HOME: '/root', SECRET: 'x', SLURM_CONF: '/etc/s.conf', SBATCH_PARTITION: 'evil' },
    run: async (command, runOptions) => {
      commands.push(command)
      runs.push(runOptions)
      return answer(command)
    },
    ...options,
  })
  return { cluster, commands, runs }
}
const reply = (stdout: string): Output => ({ exitCode: 0, stdout, stderr: '' })

describe('openCluster', () => {
  it('submits through the driver: every option is one argument, the script is the input', async () => {
    const { cluster, commands } = open(() => reply('4711\n'), { jobOptions: { partition: 'batch' } })
    const gpus = { ...job, resources: { ...job.resources, gpus: 2, gpuType: 'a100' }, options: { qos: 'fast' } }

    assert.equal(await cluster.submit(gpus), '4711')

    assert.deepEqual(commands, [
      {
        file: 'sbatch',
        args: [
          '--parsable',
          '--job-name=bw-1',
          '--chdir=/home/alice',
          '--output=/home/alice/50%%/log-%j.txt',
          '--open-mode=append',
          '--nodes=1',
          '--ntasks=1',
          '--cpus-per-task=2',
          '--mem=1024M',
          '--time=2',
          '--gres=gpu:a100:2',
          '--partition=batch',
          '--qos=fast',
          '--propagate=NONE',
          '--export-file=/dev/null',
          '--export=NONE',
          '--no-requeue',
        ],
        stdin: job.script,
        as: 'owner',
      },
    ])
    assert.deepEqual(cluster.calls, { submit: 1, list: 0, cancel: 0, history: 0, availability: 0, log: 0 })
  })

  it('lets only the named part of the environment through', async () => {
    const { cluster, runs } = open(() => reply(''))
    await cluster.list()
    assert.deepEqual(runs[0]?.environment, {
      PATH: '/usr/bin',
      HOME: '/root',
      SLURM_CONF: '/etc/s.conf',
      SLURM_TIME_FORMAT: '%s',
      LC_ALL: 'C',
      TZ: 'UTC',
    })
  })

  it('calls a lost submit or cancel ambiguous, a lost question unavailable', async () => {
    const { cluster, runs } = open(() => reply('1\n'))
    await cluster.submit(job)
    await cluster.cancel(toJobId('1'), 'alice')
    await cluster.history([toJobId('1')])
    assert.deepEqual(
      runs.map(({ onLost }) => onLost),
      ['ambiguous', 'ambiguous', 'unavailable'],
    )
  })

  it('asks once for all who want the list at the same time, and again for those who come later', async () => {
    const gate = Promise.withResolvers<Output>()
    const { cluster } = open(() => gate.promise)
    const early = Promise.all([cluster.list(), cluster.list(), cluster.list()])
    gate.resolve(reply(''))
    await early
    assert.equal(cluster.calls.list, 1)
    await cluster.list()
    assert.equal(cluster.calls.list, 2)
  })

  it('lets the event loop turn while it reads a long list', async () => {
    const us = '\x1f'
    const row = (n: number): string =>
      `${[n, 'R', 'alice', 'many', 'n1', 0, 1, 1, 2, 0, 'None', `b00x${n}`.padEnd(16)].join(us)}${us}\n`
    const list = Array.from({ length: 5_500 }, (_, n) => row(n + 1)).join('')
    const turnsWhile = async ({ listSteps, ...rest }: typeof slurm, hasSteps: boolean): Promise<number> => {
      const driver = hasSteps && listSteps ? { ...rest, listSteps } : rest
      const { cluster } = open(() => reply(list), { driver })
      let turns = 0
      let isRead = false
      const count = (): void => {
        turns += 1
        if (!isRead) setImmediate(count)
      }
      setImmediate(count)
      const { jobs } = await cluster.list()
      isRead = true
      assert.equal(jobs.length, 5_500)
      return turns
    }
    assert.ok((await turnsWhile(slurm, true)) >= 5)
    assert.ok((await turnsWhile(slurm, false)) < 2)
  })

  it('asks again after a failure', async () => {
    let answers = 0
    const { cluster } = open(() => {
      answers += 1
      if (answers === 1) throw new SchedulerError('unavailable', 'down')
      return reply('')
    })
    await assert.rejects(cluster.list(), SchedulerError)
    assert.deepEqual(await cluster.list(), { complete: true, jobs: [] })
  })

  it('asks accounting in batches, and not at all about nothing', async () => {
    const { cluster } = open(() => reply(''))
    await cluster.history([])
    await cluster.historyByName([], 0)
    assert.equal(cluster.calls.history, 0)
    await cluster.history(Array.from({ length: 900 }, (_, n) => toJobId(String(n))))
    assert.equal(cluster.calls.history, 3)
  })

  for (const [what, change] of [
    ['a control character in the working directory', { workdir: '/home/alice\n#' }],
    ['a control character in the output path', { outputPath: '/home/alice/\x1b[2J' }],
    ['a backslash in the output path', { outputPath: '/home/a\\b' }],
    ['a relative working directory', { workdir: 'x' }],
    ['a name that is no tag', { name: '-x' }],
    ['a long name', { name: 'a'.repeat(16) }],
    ['an account that sudo would take for a uid', { account: '#0' }],
    ['a NUL in the script', { script: '#!/bin/sh\n\0' }],
    ['a script without an interpreter', { script: 'true' }],
    ['half a core', { resources: { ...job.resources, cores: 0.5 } }],
    ['no time', { resources: { ...job.resources, wallSeconds: 0 } }],
    ['a GPU type with an option in it', { resources: { ...job.resources, gpus: 1, gpuType: 'x --y' } }],
    ['a partition that is an option', { options: { partition: '--wrap=id' } }],
    ['a partition with a newline', { options: { partition: 'batch\n' } }],
    ['an unknown option', { options: { wrap: 'id' } }],
    ['a constraint with blanks', { options: { constraint: 'a b' } }],
  ] as const)
    it(`refuses ${what} before anything runs`, async () => {
      const { cluster } = open(() => reply('1\n'))
      await assert.rejects(
        cluster.submit({ ...job, ...change }),
        (error) => error instanceof SchedulerError && error.kind === 'refused',
      )
      assert.equal(cluster.calls.submit, 0)
    })

  it('refuses settings the driver does not know, with every problem', () => {
    assert.throws(
      () => open(() => reply(''), { settings: { commandDirectory: 'bin', shell: true } }),
      (error) => error instanceof SchedulerError && /commandDirectory.*absolute.*shell/s.test(error.message),
    )
  })

  it('logs a command without its arguments and its input', async () => {
    const lines: string[] = []
    const log = { debug: (fields: object, message: string) => void lines.push(JSON.stringify([fields, message])) }
    const { cluster } = open(() => reply('4711\n'), { log })
    await cluster.submit({ ...job, script: '#!/bin/sh\n# canary\n' })
    assert.equal(lines.length, 1)
    assert.equal(
      lines.some((line) => line.includes('canary') || line.includes('/home/alice')),
      false,
    )
  })
})

describe('listAs', () => {
  it('asks what the list asks, as the account: a scheduler that hides jobs from the hub shows everybody his own', async () => {
    const { cluster, commands, runs } = open(() => reply(''))
    await cluster.list()
    assert.deepEqual(await cluster.listAs('alice'), { complete: true, jobs: [] })
    const [asHub, asOwner] = commands
    assert.deepEqual(asOwner, { ...asHub, as: 'owner' })
    assert.equal(asHub?.as, 'hub')
    assert.deepEqual([runs[1]?.account, runs[1]?.onLost, cluster.calls.list], ['alice', 'unavailable', 2])
  })
})

describe('a cluster under load', () => {
  it('runs only so many submits at once, and cancels beside them', async () => {
    const replies: PromiseWithResolvers<Output>[] = []
    const { cluster, commands } = open(
      () => {
        const end = Promise.withResolvers<Output>()
        replies.push(end)
        return end.promise
      },
      { atOnce: 4 },
    )
    const all = Array.from({ length: 30 }, () => cluster.submit(job))
    const cancel = cluster.cancel(toJobId('7'), 'alice')
    await new Promise((resolve) => setImmediate(resolve))
    const running = commands.map(({ file }) => file).sort()
    assert.deepEqual(running, ['sbatch', 'sbatch', 'sbatch', 'sbatch', 'scancel'])
    while (replies.length > 0) {
      assert.ok(replies.length <= 5)
      replies.shift()?.resolve(reply('4711\n'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await Promise.all(all)).length, 30)
    assert.equal(await cancel, true)
  })

  it('makes a request when its turn has come, and passes on what goes wrong with it', async () => {
    const first = Promise.withResolvers<Output>()
    const { cluster, commands } = open(() => first.promise, { atOnce: 1 })
    let made = 0
    const make = async (): Promise<JobRequest> => {
      made += 1
      if (made === 3) throw new Error('alice has no home')
      return made === 4 ? { ...job, workdir: 'here' } : job
    }
    const all = Array.from({ length: 5 }, () => cluster.submit({ account: job.account, make }))
    const settled = Promise.allSettled(all)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(made, 1, 'scripts of those who wait would fill the memory')
    first.resolve(reply('4711\n'))
    const words = (await settled).map((each) => (each.status === 'rejected' ? each.reason.message : each.value))
    assert.deepEqual(words.slice(0, 3), ['4711', '4711', 'alice has no home'])
    assert.match(words[3], /workdir is not an absolute path/)
    assert.equal(words[4], '4711')
    assert.equal(commands.length, 3)
  })

  it('tells whose turn has come before anything is run, and runs nothing that is given up then', async () => {
    const { cluster, commands, runs } = open(() => reply('4711\n'))
    const folder = mkdtempSync(join(tmpdir(), 'batchway-cluster-'))
    const holdPath = join(folder, 'hold')
    const onTurn = async (): Promise<void> => {
      assert.deepEqual(commands, [])
      assert.equal(holdState(holdPath), 'free')
      throw new Error('stopped meanwhile')
    }
    await assert.rejects(cluster.submit(job, { holdPath, onTurn }), /stopped meanwhile/)
    assert.deepEqual(commands, [])

    await cluster.submit(job, { holdPath })
    assert.equal(runs[0]?.holdPath, holdPath)
    rmSync(folder, { recursive: true })
  })
})

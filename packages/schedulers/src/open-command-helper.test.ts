import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Command } from './driver.ts'
import { commandFinder } from './find-command.ts'
import { holdState } from './hold.ts'
import { openCommandHelper } from './open-command-helper.ts'
import type { RunOptions } from './run.ts'
import { until } from './testing-until.ts'
import { selfTransport } from './transport.ts'

const options: RunOptions = {
  transport: selfTransport('me'),
  account: 'me',
  resolve: commandFinder('/usr/bin:/bin'),
  environment: { ONLY: 'this' },
  onLost: 'ambiguous',
  timeoutMs: 60_000,
  outputLimitBytes: 10_000_000,
  graceMs: 10_000,
}
const sh = (script: string, stdin = ''): Command => ({ file: 'sh', args: ['-c', script], stdin, as: 'hub' })
const parentOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1])
const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

describe('a command helper', () => {
  const helper = openCommandHelper()
  after(() => helper[Symbol.dispose]())

  it('runs commands as its own children: bytes in, bytes out, nothing else of the environment', async () => {
    const hostile = '$(id) `id` äöü \u{1f600}\n'
    const pids: number[] = []
    const { exitCode, stdout } = await helper.run(sh('cat; env; exit 3', hostile), {
      ...options,
      onSpawn: (pid) => pids.push(pid, parentOf(pid)),
    })
    assert.equal(exitCode, 3)
    assert.ok(stdout.startsWith(hostile))
    assert.match(stdout, /ONLY=this/)
    assert.doesNotMatch(stdout, /NODE_CHANNEL|HOME=/)
    assert.equal(pids[1], helper.pid)
    assert.notEqual(helper.pid, process.pid)
  })

  it('passes large answers, and many at once', async () => {
    const large = await helper.run(sh('head -c 3000000 /dev/zero | tr "\\0" x'), options)
    assert.equal(large.stdout.length, 3_000_000)
    const all = await Promise.all(Array.from({ length: 30 }, (_, n) => helper.run(sh(`echo ${n}`), options)))
    assert.deepEqual(
      all.map(({ stdout }) => stdout.trim()),
      Array.from({ length: 30 }, (_, n) => String(n)),
    )
  })

  it('tells what went wrong as the plain runner does', async () => {
    await assert.rejects(helper.run({ file: '/no/such', args: [], as: 'hub' }, options), { kind: 'unavailable' })
    await assert.rejects(
      helper.run(sh('exec sleep 600'), { ...options, timeoutMs: 200 }),
      /did not answer within 0.2 s/,
    )
    await assert.rejects(
      helper.run(sh('exec yes'), { ...options, outputLimitBytes: 1_000 }),
      /printed more than 1000 bytes/,
    )
    await assert.rejects(helper.run(sh('true'), { ...options, holdPath: '/no/such/hold' }), /ENOENT/)
    const abort = new AbortController()
    await assert.rejects(
      helper.run(sh('exec sleep 600'), { ...options, signal: abort.signal, onSpawn: () => abort.abort() }),
      { kind: 'ambiguous', mayStillRun: false },
    )
  })

  it('makes holds, and its commands have them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchway-helper-'))
    try {
      const path = join(folder, 'hold')
      await helper.makeHold(path)
      const { stdout, stderr } = await helper.run(sh('readlink /proc/$$/fd/2; echo words >&2'), {
        ...options,
        holdPath: path,
      })
      assert.deepEqual([stdout, stderr], [`${path}\n`, 'words\n'])
      assert.equal(holdState(path), 'free')
      await assert.rejects(helper.makeHold('/no/such/folder/hold'))
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is started anew after it died; of what it ran nobody knows the end', async () => {
    const first = helper.pid ?? 0
    const running: number[] = []
    const lost = helper.run(sh('exec sleep 600'), {
      ...options,
      onSpawn: (pid) => {
        running.push(pid)
        process.kill(first, 'SIGKILL')
      },
    })
    await assert.rejects(lost, {
      kind: 'ambiguous',
      mayStillRun: true,
      message: /the process that runs commands ended/,
    })
    const [left = 0] = running
    assert.ok(isAlive(left), 'the command itself goes on')
    process.kill(left, 'SIGKILL')
    assert.equal((await helper.run(sh('echo again'), options)).stdout, 'again\n')
    assert.notEqual(helper.pid, first)
  })

  it('ends when it was let go, after what it runs', async () => {
    const other = openCommandHelper()
    let child = 0
    const run = other.run(sh('sleep 1; echo done'), {
      ...options,
      onSpawn: (pid) => {
        child = pid
      },
    })
    run.catch(() => {})
    await until('it runs', () => child !== 0)
    const { pid = 0 } = other
    other[Symbol.dispose]()
    assert.ok(isAlive(pid) && isAlive(child))
    await until('both have ended', () => !isAlive(pid) && !isAlive(child))
  })
})

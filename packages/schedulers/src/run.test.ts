import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Command, SchedulerError } from './driver.ts'
import { commandFinder, findCommand } from './find-command.ts'
import { cleanEnvironment, type RunOptions, run } from './run.ts'
import { until } from './testing-until.ts'
import { selfTransport, sudoTransport } from './transport.ts'

const environment = cleanEnvironment(
  { PATH: process.env.PATH, HOME: '/', SECRET: 'canary', SLURM_CONF: '/x', SQUEUE_FORMAT: '%i' },
  {
    set: { SLURM_TIME_FORMAT: '%s' },
    keep: ['SLURM_CONF'],
  },
)
const options: RunOptions = {
  transport: selfTransport('me'),
  account: 'me',
  resolve: commandFinder('/usr/bin:/bin'),
  environment,
  onLost: 'ambiguous',
  timeoutMs: 20_000,
  outputLimitBytes: 1_000_000,
  // Long: on a busy machine what ends at once is seen late.
  graceMs: 10_000,
}
const sh = (script: string, stdin?: string): Command => ({
  file: 'sh',
  args: ['-c', script],
  as: 'owner',
  ...(stdin !== undefined && { stdin }),
})
const isError =
  (kind: SchedulerError['kind'], words: RegExp, mayStillRun = false) =>
  (error: unknown) =>
    error instanceof SchedulerError &&
    error.kind === kind &&
    words.test(error.message) &&
    error.mayStillRun === mayStillRun

/** Gone, or a zombie that nobody has collected yet. */
async function isDead(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '(x) Z')
  return /\) [ZX]/.test(status)
}

describe('run', () => {
  // CVE-2026-45777 (XDMoD), CVE-2021-39159 (BinderHub): text of a visitor in a shell's command line.
  it('hands over arguments and input byte by byte, and reads what comes back', async () => {
    const hostile = '$(id) `id` \'"\\ ; äöü \u{1f600}\n%s'
    const command: Command = {
      file: 'sh',
      args: ['-c', 'printf %s "$1"; cat; exit 3', 'sh', hostile],
      stdin: hostile,
      as: 'owner',
    }
    assert.deepEqual(await run(command, options), { exitCode: 3, stdout: hostile + hostile, stderr: '' })
  })

  it('writes a large input whole', async () => {
    const { stdout } = await run(sh('wc -c', 'x'.repeat(3_000_000)), options)
    assert.equal(stdout.trim(), '3000000')
  })

  it('shows a command nothing of the environment but what is named', async () => {
    const { stdout } = await run({ file: 'env', args: [], as: 'hub' }, options)
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    assert.deepEqual(names.sort(), ['HOME', 'LC_ALL', 'PATH', 'SLURM_CONF', 'SLURM_TIME_FORMAT', 'TZ'])
    assert.equal(stdout.includes('canary'), false)
  })

  it('replaces bytes that are not UTF-8', async () => {
    assert.equal((await run(sh("printf 'J\\374rgen'"), options)).stdout, 'J\ufffdrgen')
  })

  it('names a command that is missing', async () => {
    await assert.rejects(
      run({ file: 'no-such-sbatch', args: [], as: 'hub' }, options),
      isError('unavailable', /no-such-sbatch was not found/),
    )
    await assert.rejects(
      run({ file: '/no/sbatch', args: [], as: 'hub' }, options),
      isError('unavailable', /\/no\/sbatch does not exist/),
    )
  })

  it('reports a command that does not read its input, instead of throwing it away', async () => {
    const output = await run(sh('exec <&-; echo no >&2; exit 5', 'x'.repeat(1_000_000)), options)
    assert.deepEqual(output, { exitCode: 5, stdout: '', stderr: 'no\n' })
  })

  it('does not believe a success that has not read the whole script', async () => {
    await assert.rejects(
      run(sh('exec <&-; echo 4711', 'x'.repeat(1_000_000)), options),
      isError('ambiguous', /before it had read the whole/),
    )
  })

  for (const onLost of ['ambiguous', 'unavailable'] as const)
    it(`ends a command in time with SIGTERM, proves it dead, and calls that ${onLost}`, async () => {
      const pids: number[] = []
      const slow = run(sh('exec sleep 60'), { ...options, onLost, timeoutMs: 100, onSpawn: (pid) => pids.push(pid) })
      await assert.rejects(slow, isError(onLost, /did not answer within 0.1 s/))
      assert.equal(await isDead(pids[0] ?? 0), true)
    })

  it('ends one that ignores SIGTERM, and its children, with SIGKILL', async () => {
    const pids: number[] = []
    const stubborn = sh('trap "" TERM; sleep 60 & sleep 60; sleep 60')
    await assert.rejects(
      run(stubborn, { ...options, timeoutMs: 200, graceMs: 1_500, onSpawn: (pid) => pids.push(pid) }),
      isError('ambiguous', /did not answer/),
    )
    assert.equal(await isDead(pids[0] ?? 0), true)
  })

  it('says that a command may still run when somebody keeps its output open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchway-run-'))
    const leaver = sh(
      `setsid sh -c 'echo $$ > ${folder}/pid; exec sleep 60' & until [ -s ${folder}/pid ]; do sleep 0.02; done; echo 4711`,
    )
    await assert.rejects(
      run(leaver, { ...options, graceMs: 300 }),
      isError('ambiguous', /still holds its output/, true),
    )
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
    assert.equal(await isDead(pid), false) // the claim is true
    process.kill(pid, 'SIGKILL')
  })

  it('ends a command when the caller gives up', async () => {
    const given = new AbortController()
    const running = run(sh('exec sleep 60'), { ...options, signal: given.signal, onSpawn: () => given.abort() })
    await assert.rejects(running, isError('ambiguous', /given up/))
    await assert.rejects(run(sh('true'), { ...options, signal: given.signal }), isError('unavailable', /not started/))
  })

  it('keeps the answer of a command that succeeds while it is told to end', async () => {
    const given = new AbortController()
    const folder = await mkdtemp(join(tmpdir(), 'batchway-run-'))
    const running = run(sh(`trap 'echo 4711; exit 0' TERM; : > ${folder}/up; while :; do sleep 0.02; done`), {
      ...options,
      signal: given.signal,
    })
    await until('it runs', async () => (await readFile(join(folder, 'up')).catch(() => null)) !== null)
    given.abort()
    assert.equal((await running).stdout, '4711\n')
  })

  it('limits what it keeps of the output', async () => {
    const loud = sh('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done')
    await assert.rejects(
      run(loud, { ...options, onLost: 'unavailable', outputLimitBytes: 1_000 }),
      isError('unreadable', /more than 1000 bytes/),
    )
  })

  it('tells a death by signal', async () => {
    await assert.rejects(run(sh('kill -KILL $$'), options), isError('ambiguous', /ended by SIGKILL/))
  })
})

describe('transports', () => {
  const submit = { file: '/usr/bin/sbatch', args: ['--parsable', '-x y'], as: 'owner' } as const

  it('act as oneself for oneself only', () => {
    assert.deepEqual(selfTransport('alice').argv(submit, 'alice'), { file: '/usr/bin/sbatch', args: submit.args })
    assert.throws(() => selfTransport('alice').argv(submit, 'bob'), isError('refused', /cannot act for bob/))
  })

  it('act through sudo without a shell', () => {
    assert.deepEqual(sudoTransport().argv(submit, 'alice'), {
      file: '/usr/bin/sudo',
      args: ['-n', '-u', 'alice', '--', '/usr/bin/sbatch', '--parsable', '-x y'],
    })
  })

  it('leave the hub’s own questions alone', () => {
    const list = { ...submit, as: 'hub' } as const
    for (const transport of [selfTransport('hub'), sudoTransport()])
      assert.deepEqual(transport.argv(list, ''), { file: submit.file, args: submit.args })
  })

  for (const account of [
    '#0',
    '#1002',
    '-u',
    '',
    'a b',
    'alice\n',
    'alice;id',
    '%wheel',
    '../x',
    '1000',
    'a$b',
    'x'.repeat(65),
    'älice',
  ])
    it(`refuse the account ${JSON.stringify(account)}`, () =>
      assert.throws(() => sudoTransport().argv(submit, account), isError('refused', /not a login name/)))

  for (const account of ['alice', '_apt', 'a.b-c_d', 'Alice2', 'machine$', 'x'.repeat(64)])
    it(`take the account ${account}`, () => assert.ok(sudoTransport().argv(submit, account)))

  it('tell a refusal by sudo from one by the scheduler, without repeating the command line', () => {
    const transport = sudoTransport()
    const said = (stderr: string) => transport.failure({ exitCode: 1, stdout: '', stderr }, 'alice')
    assert.match(said('sudo: a password is required\n')?.message ?? '', /as alice: a password is required$/)
    const sorry = said("Sorry, user batchway is not allowed to execute '/usr/bin/sbatch --x' as alice on vm.\n")
    assert.match(sorry?.message ?? '', /as alice: no rule allows it$/)
    assert.equal(said('sbatch: error: Invalid partition name specified\n'), null)
  })

  it('find commands on absolute folders of PATH only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchway-path-'))
    await writeFile(join(folder, 'tool'), '')
    assert.equal(await findCommand('tool', folder), null) // not executable
    await chmod(join(folder, 'tool'), 0o755)
    assert.equal(await findCommand('tool', `/nowhere:${folder}`), join(folder, 'tool'))
    assert.equal(await findCommand('tool', '.:relative:'), null)
  })
})

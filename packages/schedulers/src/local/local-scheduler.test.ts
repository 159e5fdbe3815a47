import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { toJobId } from '../driver.ts'
import { until } from '../testing-until.ts'
import { schedulerProgram, startLocalScheduler, toScoped } from './start-local-scheduler.ts'
import { isThere, localBed, readPids, run } from './testing-bed.ts'

describe('local scheduler', () => {
  let bed: Awaited<ReturnType<typeof localBed>>
  before(async () => {
    bed = await localBed()
  })
  after(async () => {
    await bed[Symbol.asyncDispose]()
  })

  it('runs a script in its directory with a clean environment, and tells how it ended', async () => {
    const id = await bed.submit(
      'pwd; env | cut -d= -f1 | sort | tr "\\n" " "; echo "$BATCHWAY_LOCAL_JOB_ID"; cat; exit 7',
    )
    const { kind, exitCode, startedAt, endedAt, host } = await bed.ended(id)
    assert.deepEqual({ kind, exitCode }, { kind: 'failed', exitCode: 7 })
    assert(startedAt !== undefined && endedAt !== undefined && startedAt <= endedAt && host)
    assert.equal(
      bed.output(id),
      `${bed.folder}\nBATCHWAY_LOCAL_JOB_ID BATCHWAY_LOCAL_NODE BATCHWAY_LOCAL_RESTARTS HOME LANG LOGNAME PATH PWD SHELL USER ${id}\n`,
    )
  })

  it('starts jobs in the order they came, never more than there is room for', async () => {
    const log = join(bed.folder, 'order')
    const script = (name: string) => `echo ${name} >> ${log}; sleep 0.3`
    const wide = { cores: 3 } as const
    const ids = [
      await bed.submit(script('a'), wide),
      await bed.submit(script('b'), wide),
      await bed.submit(script('c')),
    ]
    const { jobs } = await bed.list()
    // c would fit beside a, but b came first.
    const [, b, c] = ids.map((id) => jobs.find((job) => job.id === id))
    if (
      b?.phase === 'pending' &&
      c?.phase === 'pending' &&
      jobs.some(({ id, phase }) => id === ids[0] && phase === 'running')
    ) {
      assert.deepEqual([b.reason, c.reason], ['Resources', 'Position 2'])
      assert(b.estimatedStartAt !== undefined && b.estimatedStartAt > Date.now())
    }
    const [first, ...later] = await Promise.all(ids.map((id) => bed.ended(id)))
    assert.deepEqual([first?.kind, ...later.map(({ kind }) => kind)], ['completed', 'completed', 'completed'])
    // b and c start together when a has ended: each start is stamped by the job's own shepherd, so which of the two is first is the kernel's choice.
    const free = first?.endedAt ?? Number.POSITIVE_INFINITY
    assert(
      later.every(({ startedAt = 0 }) => startedAt >= free),
      'neither the wide job nor the small one behind it starts before the first has ended',
    )
    assert.deepEqual(readFileSync(log, 'utf8').split('\n').slice(0, 3).toSorted(), ['a', 'b', 'c'])
    assert.match(readFileSync(log, 'utf8'), /^a\n/)
  })

  it('ends a job at its walltime with every process of it, also those that ignore SIGTERM and left its session', async () => {
    const pids = join(bed.folder, 'pids-walltime')
    const stubborn = `trap '' TERM; echo $$ >> ${pids}; while :; do sleep 0.2; done`
    // The last one also drops the mark; it is known as a descendant before it is orphaned.
    const id = await bed.submit(
      `trap '' TERM; echo $$ >> ${pids}; setsid sh -c "${stubborn.replaceAll('$', '\\$')}" &
       (setsid sh -c "${stubborn.replaceAll('$', '\\$')}" &) ; env -i setsid sh -c "${stubborn.replaceAll('$', '\\$')}" &
       while :; do sleep 0.2; done`,
      { wallSeconds: 8 },
    )
    const family = await until('four processes', () => readPids(pids, 4))
    assert(family.every(isThere))
    const end = await bed.ended(id)
    assert.equal(end.kind, 'walltime')
    assert.deepEqual(family.filter(isThere), [])
  })

  it('cancels a waiting job at once and a running one with all it started', async () => {
    const pids = join(bed.folder, 'pids-cancel')
    const running = await bed.submit(`setsid sh -c 'echo $$ >> ${pids}; sleep 600' & wait`, { cores: 4 })
    const waiting = await bed.submit('true')
    const [child] = await until('its child', () => readPids(pids, 1))
    assert.equal(await bed.cancel(waiting), true)
    assert.equal((await bed.ended(waiting)).kind, 'cancelled')
    assert.equal(await bed.cancel(running), true)
    const end = await bed.ended(running)
    assert.equal(end.kind, 'cancelled')
    assert(end.by)
    assert.equal(isThere(child ?? 0), false)
    assert.equal(existsSync(join(bed.folder, `out-${waiting}`)), false)
    assert.equal(await bed.cancel(toJobId('999999.00000000')), false)
  })

  it('leaves no process when the script ends and something stays behind', async () => {
    const pids = join(bed.folder, 'pids-left')
    const id = await bed.submit(
      `(setsid sh -c 'echo $$ >> ${pids}; exec sleep 600' &); until [ -s ${pids} ]; do sleep 0.05; done`,
    )
    assert.equal((await bed.ended(id)).kind, 'completed')
    const [left] = readPids(pids, 1) ?? []
    assert.equal(isThere(left ?? 0), false)
  })

  it('ends a job that uses more memory than it asked for, and says so', async () => {
    // No more than 400 MiB, however late a busy machine notices.
    const eat = `const held = []; setInterval(() => held.length < 20 && held.push(Buffer.alloc(20 * 2 ** 20, 1)), 20)`
    const id = await bed.submit(`exec ${process.execPath} -e '${eat}'`, { memoryMiB: 150, wallSeconds: 60 })
    const end = await bed.ended(id)
    assert.equal(end.kind, 'out-of-memory')
    assert.match(end.words ?? '', /MiB of its 150 MiB/)
    assert((end.maxMemoryMiB ?? 0) > 150)
  })

  it('tells how much of the machine is free', async () => {
    const id = await bed.submit('sleep 600', { cores: 3 })
    await bed.running(id)
    const [all] = await bed.availability()
    assert.deepEqual([all?.cores, all?.coresPerNode, all?.memoryMiBPerNode], [{ idle: 1, total: 4 }, 4, 4_096])
    await bed.cancel(id)
    await bed.ended(id)
  })

  it('says in words why a job cannot be launched', async () => {
    const cases = [
      [{ outputPath: '/nowhere/out' }, /output file \/nowhere\/out cannot be written: it does not exist/],
      [{ outputPath: bed.folder }, /cannot be written: it is a directory/],
    ] as const
    for (const [ask, words] of cases) {
      const end = await bed.ended(await bed.submit('true', ask))
      assert.equal(end.kind, 'launch-failed')
      assert.match(end.words ?? '', words)
    }
  })

  it('refuses in words what can never run', async () => {
    const cases = [
      [{ cores: 64 }, 'asks for 64 cores, this machine offers 4'],
      [{ memoryMiB: 99_999 }, 'asks for 99999 MiB of memory, this machine offers 4096 MiB'],
      [{ gpus: 1 }, 'asks for 1 GPUs, this machine offers none'],
      [{ account: 'nobody-here' }, 'this machine has no account nobody-here'],
      [{ account: '-u' }, 'that is not a login name'],
      [{ workdir: 'relative' }, 'workdir is not valid'],
    ] as const
    for (const [ask, message] of cases)
      await assert.rejects(bed.submit('true', ask), { name: 'SchedulerError', kind: 'refused', message })
  })

  it('keeps jobs when the submitting process group dies', async () => {
    const submit = bed.submitCommand('sleep 600')
    const hub = spawnFakeHub(submit.file, submit.args, submit.stdin ?? '')
    const id = toJobId((await firstLine(hub)).trim())
    await bed.running(id)
    process.kill(-(hub.pid ?? 0), 'SIGKILL')
    await until('the hub is dead', () => !isThere(hub.pid ?? 0))
    assert.equal((await bed.find(id))?.phase, 'running')
    await bed.cancel(id)
  })

  it('is used as it is when it already runs, and cannot run twice', async () => {
    assert.deepEqual(await startLocalScheduler({ state: bed.state }), { pid: bed.pid(), isNew: false })
    const second = await run({ file: process.execPath, args: [schedulerProgram, 'serve', `--state=${bed.state}`] })
    assert.equal(second.exitCode, 70)
    assert.match(second.stderr, /another scheduler works in/)
  })

  it('tells refusals, absence and wrong usage apart by exit code', async () => {
    const program = (...args: string[]) => run({ file: process.execPath, args: [schedulerProgram, ...args] })
    assert.equal((await program('list', '--state=/nowhere')).exitCode, 3)
    assert.equal((await program('cancel', `--state=${bed.state}`, '77')).exitCode, 4)
    assert.equal((await program('frobnicate', `--state=${bed.state}`)).exitCode, 64)
    assert.equal((await program('list', '--frobnicate')).exitCode, 64)
    const help = await program('--help')
    assert.equal(help.exitCode, 0)
    assert.match(help.stdout, /usage: bin serve/)
  })

  it('runs its script from a folder of a name that nobody can have taken first', async () => {
    const id = await bed.submit('case $0 in */batchway-local-*-??????/script) ;; *) exit 7 ;; esac')
    assert.equal((await bed.ended(id)).kind, 'completed')
  })

  it('leaves neither script nor notes when jobs have ended', async () => {
    const id = await bed.submit('true # canary-of-a-script')
    await bed.ended(id)
    const kept = ['jobs', 'exchange', '.'].flatMap((folder) => readdirSync(join(bed.state, folder)))
    assert.deepEqual(
      kept.filter((name) => /script|draft/.test(name)),
      [],
    )
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith(`batchway-local-${id}-`)),
      [],
    )
    assert.equal(readFileSync(join(bed.state, 'scheduler.log'), 'utf8').includes('canary'), false)
  })
})

it('moves old jobs to the history, where they are found by id and by name', async () => {
  await using bed = await localBed()
  const ids = [await bed.submit('exit 3', { name: 'first' }), await bed.submit('true', { name: 'second' })]
  for (const id of ids) await bed.ended(id)
  await bed.crash()
  // Long ago, as far as the next scheduler knows.
  for (const id of ids) {
    const path = join(bed.state, 'jobs', `${id}.json`)
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), endedAt: Date.now() - 700_000 }))
  }
  await bed.restart()
  await until('both have left the list', async () => (await bed.list()).jobs.length === 0)
  const [first, second] = ids
  assert(first && second)
  assert.equal((await bed.history(first, second)).get(first)?.end?.exitCode, 3)
  assert.deepEqual(
    (await bed.historyByName('second', 'third')).map(({ id }) => id),
    [second],
  )
  const next = await bed.submit('true')
  assert.equal(Number.parseInt(next, 10), 3)
})

it('goes into a systemd scope of its own, as a user by the user manager', () => {
  assert.deepEqual(toScoped(['node', 'bin'], false), [
    'systemd-run',
    '--user',
    '--scope',
    '--collect',
    '--quiet',
    '--',
    'node',
    'bin',
  ])
  assert.equal(toScoped(['node'], true).includes('--user'), false)
})

/** A process group that submits and stays: what a hub looks like from outside. */
function spawnFakeHub(file: string, args: readonly string[], script: string): ChildProcess {
  const child = spawn('sh', ['-c', '"$@"; exec sleep 60', 'hub', file, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin?.end(script)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert(child.stdout)
  for await (const chunk of child.stdout) return String(chunk)
  throw new Error('no output')
}

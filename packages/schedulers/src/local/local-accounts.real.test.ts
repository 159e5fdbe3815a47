/** The scheduler as the unprivileged user of a hub, with jobs of several people through sudo. Needs root, to set that up. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { until } from '../testing-until.ts'
import { notePath } from './exchange.ts'
import { client, isThere, readPids, run } from './testing-bed.ts'

const hub = 'batchway'
const sudoers = '/etc/sudoers.d/batchway-test-local'

/** argv words that run what follows as somebody. */
const as = (user: string): string[] => ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--']
const runAs = (user: string, file: string, ...args: string[]) => {
  const [first = '', ...rest] = [...as(user), file, ...args]
  return run({ file: first, args: rest })
}
const uidOf = (user: string): number => Number(execFileSync('id', ['-u', user], { encoding: 'latin1' }))

describe('local jobs of several people', () => {
  let folder: string
  let state: string
  let exchange: string
  let installed: { node: string; program: string }
  let bed: ReturnType<typeof client>
  let daemon: ReturnType<typeof spawn>

  before(async () => {
    for (const [user, ...options] of [
      ['alice', '-m'],
      ['bob', '-m'],
      [hub, '--system', '-m'],
    ] as const)
      if ((await run({ file: 'id', args: [user] })).exitCode !== 0) execFileSync('useradd', [...options, '-U', user])
    folder = mkdtempSync('/tmp/bw-accounts-')
    chmodSync(folder, 0o755)
    installed = install(join(folder, 'installed'))
    const shepherd = join(folder, 'shepherd')
    const program = installed.program.replace(/bin(?=\.\w+$)/, 'shepherd')
    writeFileSync(shepherd, `#!/bin/sh\nexec ${installed.node} ${program} "$@"\n`, { mode: 0o755 })
    // Exactly this program, without arguments, as these people.
    writeFileSync(sudoers, `${hub} ALL=(alice,bob) NOPASSWD: ${shepherd} ""\n`, { mode: 0o440 })
    const home = join(folder, 'hub')
    mkdirSync(home)
    chownSync(home, uidOf(hub), uidOf(hub))
    state = join(home, 'state')
    exchange = `${state}.exchange`
    const [file = '', ...args] = [
      ...as(hub),
      installed.node,
      installed.program,
      ...[
        'serve',
        `--state=${state}`,
        '--cores=4',
        '--memory=4096',
        '--grace=1',
        '--patience=1',
        '--sudo',
        `--shepherd=${shepherd}`,
      ],
    ]
    daemon = spawn(file, args, { cwd: '/', detached: true, stdio: 'ignore' })
    bed = client(folder, state, as(hub), installed)
    await until('the scheduler answers', async () => (await bed.call(infoOf(bed))).exitCode === 0)
  })

  after(async () => {
    for (const job of (await bed.list()).jobs) if (job.phase !== 'ended') await bed.cancel(job.id)
    await until('all ended', async () => (await bed.list()).jobs.every(({ phase }) => phase === 'ended'))
    daemon.kill('SIGTERM')
    rmSync(sudoers, { force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  const place = (user: string) => ({ account: user, workdir: `/home/${user}`, outputPath: `/home/${user}/.bw-test-%j` })

  it("runs a job under its owner's uid, groups and home, and reads the result it left", async () => {
    const id = await bed.submit(
      'id -un; id -Gn; echo $HOME; sudo -n true 2>/dev/null && echo sudo; exit 6',
      place('alice'),
    )
    const end = await bed.ended(id)
    assert.deepEqual([end.kind, end.exitCode], ['failed', 6])
    const output = `/home/alice/.bw-test-${id}`
    const groups = execFileSync('id', ['-Gn', 'alice'], { encoding: 'utf8' })
    assert.equal(readFileSync(output, 'utf8'), `alice\n${groups}/home/alice\n`)
    assert.deepEqual([statSync(output).uid, statSync(output).mode & 0o777], [uidOf('alice'), 0o600])
    rmSync(output)
  })

  it('refuses root, and tells the words of sudo when it forbids an account', async () => {
    await assert.rejects(bed.submit('true', { account: 'root' }), {
      kind: 'refused',
      message: 'jobs do not run as root',
    })
    const end = await bed.ended(await bed.submit('true', { account: 'daemon', workdir: '/', outputPath: '/dev/null' }))
    assert.equal(end.kind, 'launch-failed')
    assert.match(end.words ?? '', /sudo/)
  })

  it('cancels a job of another uid with all its processes', async () => {
    const pids = join('/home/alice', `.bw-pids-${randomBytes(4).toString('hex')}`)
    const id = await bed.submit(`setsid sh -c 'echo $$ >> ${pids}; sleep 600' & sleep 600`, place('alice'))
    const [child = 0] = await until('its child', () => readPids(pids, 1))
    await bed.cancel(id)
    const end = await bed.ended(id)
    assert.deepEqual([end.kind, end.by], ['cancelled', hub])
    assert.equal(isThere(child), false)
    rmSync(pids)
    rmSync(`/home/alice/.bw-test-${id}`)
  })

  it('sweeps away as its owner what a job leaves whose shepherd was killed', async () => {
    const pids = join('/home/alice', `.bw-pids-${randomBytes(4).toString('hex')}`)
    const id = await bed.submit(`setsid sh -c 'echo $$ >> ${pids}; sleep 600' & sleep 600`, place('alice'))
    const [child = 0] = await until('its child', () => readPids(pids, 1))
    await bed.running(id)
    process.kill(recordOf(state, id).shepherd.pid, 'SIGKILL')
    assert.equal((await bed.ended(id)).kind, 'node-failure')
    assert.equal(isThere(child), false)
    rmSync(pids)
    rmSync(`/home/alice/.bw-test-${id}`)
  })

  it('ends a job whose owner stopped its shepherd, so as to outlive a cancel', async () => {
    const pids = join('/home/alice', `.bw-pids-${randomBytes(4).toString('hex')}`)
    const id = await bed.submit(`echo $$ >> ${pids}; exec sleep 600`, place('alice'))
    const [script = 0] = await until('its script', () => readPids(pids, 1))
    await bed.running(id)
    const { pid } = recordOf(state, id).shepherd
    process.kill(pid, 'SIGSTOP')
    await bed.cancel(id)
    assert.equal((await bed.ended(id)).kind, 'cancelled')
    assert.deepEqual([pid, script].filter(isThere), [])
    rmSync(pids)
    rmSync(`/home/alice/.bw-test-${id}`)
  })

  it('changes to the owner without sudo where the scheduler is root', async () => {
    const own = join(folder, 'root-state')
    const shepherd = join(folder, 'shepherd')
    const args = ['serve', `--state=${own}`, '--cores=1', '--sudo', `--shepherd=${shepherd}`]
    const scheduler = spawn(installed.node, [installed.program, ...args], { cwd: '/', stdio: 'ignore' })
    try {
      const rootBed = client(folder, own, [], installed)
      await until('it answers', async () => (await rootBed.call(infoOf(rootBed))).exitCode === 0)
      const id = await rootBed.submit('id -un; id -Gn; grep CapEff /proc/self/status', place('alice'))
      assert.equal((await rootBed.ended(id)).kind, 'completed')
      const groups = execFileSync('id', ['-Gn', 'alice'], { encoding: 'utf8' })
      const output = `/home/alice/.bw-test-${id}`
      assert.equal(readFileSync(output, 'utf8'), `alice\n${groups}CapEff:\t0000000000000000\n`)
      rmSync(output)
      const asRoot = rootBed.submit('true', { account: 'root' })
      await assert.rejects(asRoot, { kind: 'refused', message: 'jobs do not run as root' })
    } finally {
      scheduler.kill('SIGTERM')
    }
  })

  it('lets nobody else ask, list, cancel or forge', async () => {
    const id = await bed.submit('sleep 600', place('alice'))
    await bed.running(id)
    const { key } = recordOf(state, id).launch
    const result = JSON.stringify({ kind: 'completed', exitCode: 0 })
    const [list, cancel, look] = [
      await runAs('bob', installed.node, installed.program, 'list', `--state=${state}`),
      await runAs('bob', installed.node, installed.program, 'cancel', `--state=${state}`, id),
      await runAs('bob', 'ls', exchange),
    ]
    assert.deepEqual([list.exitCode, cancel.exitCode], [3, 3])
    assert.notEqual(look.exitCode, 0)

    // Even with the key, which he cannot know.
    for (const [kind, text] of [
      ['cancel', '{}'],
      ['result', result],
    ] as const)
      assert.equal((await runAs('bob', 'sh', '-c', `echo '${text}' > ${notePath(exchange, key, kind)}`)).exitCode, 0)
    const probe = await bed.submit('sleep 1', place('alice')) // the shepherds look four times a second
    await bed.ended(probe)
    assert.equal((await bed.find(id))?.phase, 'running')

    // Control: the same cancel note counts when the scheduler's user wrote it.
    rmSync(notePath(exchange, key, 'cancel'))
    rmSync(notePath(exchange, key, 'result'))
    await runAs(hub, 'sh', '-c', `echo '{}' > ${notePath(exchange, key, 'cancel')}`)
    assert.equal((await bed.ended(id)).kind, 'cancelled')
    for (const job of [id, probe]) rmSync(`/home/alice/.bw-test-${job}`)
  })

  it('shows the script to nobody but its owner: not in files, command lines or environments', async () => {
    const canary = `canary-${randomBytes(12).toString('hex')}`
    // One waits, so that its script is on the scheduler's disk; one runs.
    const running = await bed.submit(`SECRET=${canary}; sleep 600`, { ...place('alice'), cores: 4 })
    const waiting = await bed.submit(`SECRET=${canary}; true`, place('alice'))
    await bed.running(running)
    assert.equal((await bed.find(waiting))?.phase, 'pending')
    assert.deepEqual(await search('bob', canary), [])
    // Control: the same search finds it as the owner, and as the scheduler's user.
    assert((await search('alice', canary)).some((path) => path.includes(`batchway-local-${running}`)))
    assert((await search(hub, canary)).some((path) => path.includes(`${waiting}.script`)))
    const shown = (await bed.call({ file: 'ps', args: ['axeww'], as: 'hub' })).stdout
    assert.equal(shown.includes(canary), false)
    await bed.cancel(waiting)
    await bed.cancel(running)
    await bed.ended(running)
    rmSync(`/home/alice/.bw-test-${running}`)
    // Nothing is left of it, for anybody.
    assert.deepEqual(await search('alice', canary), [])
    assert.deepEqual(await search(hub, canary), [])
  })

  /** Where a person finds a text: what they can read of /proc, of our folder and of the scripts in /tmp. */
  async function search(user: string, canary: string): Promise<string[]> {
    const scripts = readdirSync('/tmp').filter((name) => name.startsWith('batchway-local-'))
    // By hex digits, lest the search's own command line holds what it looks for.
    const pattern = canary.replace(/^c/, '[c]')
    const found = await runAs(
      user,
      'sh',
      '-c',
      `grep -rl -e "$1" -- "$2" $3 2>/dev/null; grep -l -a -e "$1" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null`,
      'sh',
      pattern,
      join(folder, 'hub'),
      scripts.map((name) => `/tmp/${name}`).join(' '),
    )
    return found.stdout.split('\n').filter(Boolean)
  }
})

/** This folder and the runtime where everybody can run them: a checkout may be in root's home. */
function install(to: string): { node: string; program: string } {
  mkdirSync(to)
  cpSync(import.meta.dirname, join(to, 'local'), { recursive: true })
  writeFileSync(join(to, 'package.json'), '{"type":"module"}\n')
  const node = join(to, 'node')
  copyFileSync(realpathSync(process.execPath), node)
  chmodSync(node, 0o755)
  execFileSync('chmod', ['-R', 'a+rX', to])
  return { node, program: join(to, 'local', 'bin.ts') }
}

const infoOf = ({ submitCommand }: ReturnType<typeof client>) => {
  const { file, args } = submitCommand('true')
  const [program = '', , state = ''] = args
  return { file, args: [program, 'info', state], as: 'hub' } as const
}

const recordOf = (state: string, id: string): { shepherd: { pid: number }; launch: { key: string } } =>
  JSON.parse(readFileSync(join(state, 'jobs', `${id}.json`), 'utf8'))

/** The program of the login node behind a pipe, in place of ssh. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Command } from '../driver.ts'
import type { RunOptions } from '../run.ts'
import { until } from '../testing-until.ts'
import { sshTransport } from '../transport.ts'
import { openLoginNode } from './open-login-node.ts'

const program = join(import.meta.dirname, '../login-node/program.ts')
const options: RunOptions = {
  transport: sshTransport,
  account: 'me',
  resolve: async (file) => file,
  environment: { PATH: '/evil', HOME: '/evil', GIVEN: 'this', LC_ALL: 'C', TZ: 'UTC' },
  onLost: 'ambiguous',
  timeoutMs: 60_000,
  outputLimitBytes: 10_000_000,
  graceMs: 10_000,
}
const sh = (script: string, stdin = ''): Command => ({ file: 'sh', args: ['-c', script], stdin, as: 'hub' })

/** @param before shell lines that run where a login shell would. */
async function open(t: TestContext, { before = '', rules = '' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'batchway-login-node-'))
  const path = join(folder, 'rules')
  const holds = join(folder, 'holds')
  await writeFile(path, `itself /bin/sh\nusers /bin/sh\nvariable GIVEN\nset SITE=x\nholds ${holds}\n${rules}`, {
    mode: 0o644,
  })
  await chmod(path, 0o644)
  const line = `${before}\nexec '${process.execPath}' --conditions=source '${program}' '--rules=${path}'`
  const told: string[] = []
  const log = {
    info: (_: object, words: string) => told.push(words),
    warn: (_: object, words: string) => told.push(words),
  }
  const node = openLoginNode({ name: 'login1', reach: { file: '/bin/sh', args: ['-c', line] }, pauseMs: 20, log })
  t.after(async () => {
    node[Symbol.dispose]()
    await rm(folder, { recursive: true, force: true })
  })
  return { node, folder, holds, told, path }
}

describe('a login node', () => {
  it('runs commands of its rules: bytes in, bytes out, an environment of its own', async (t) => {
    const { node, told } = await open(t)
    const hostile = '$(id) `id` äöü \u{1f600}\n'
    const { exitCode, stdout } = await node.run(sh('cat; env; exit 3', hostile), options)
    assert.equal(exitCode, 3)
    assert.ok(stdout.startsWith(hostile))
    assert.deepEqual(
      stdout
        .slice(hostile.length)
        .split('\n')
        .filter((one) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(one))
        .sort(),
      ['', 'GIVEN=this', 'HOME=/', 'LC_ALL=C', 'PATH=/usr/bin:/bin', 'SITE=x', 'TZ=UTC'],
    )
    const { account, commands } = await node.hello()
    assert.equal(account, userInfo().username)
    assert.deepEqual(commands, [
      { file: '/bin/sh', as: 'itself', isThere: true },
      { file: '/bin/sh', as: 'users', isThere: true },
    ])
    assert.deepEqual(told, ['connected to the login node'])
  })

  it('passes large answers, and many at once', async (t) => {
    const { node } = await open(t)
    const large = await node.run(sh('head -c 3000000 /dev/zero | tr "\\0" "\\037"'), options)
    assert.equal(large.stdout.length, 3_000_000)
    const all = await Promise.all(Array.from({ length: 30 }, (_, n) => node.run(sh(`echo ${n}`), options)))
    assert.deepEqual(
      all.map(({ stdout }) => stdout.trim()),
      Array.from({ length: 30 }, (_, n) => String(n)),
    )
  })

  it('denies what its rules do not allow, whatever the hub says', async (t) => {
    const { node } = await open(t)
    const denied = (command: Command, change: Partial<RunOptions> = {}) => node.run(command, { ...options, ...change })
    await assert.rejects(denied({ file: 'env', args: [], as: 'hub' }), {
      kind: 'unavailable',
      message: /login1: the rules .* do not allow "env"/,
    })
    await assert.rejects(denied({ ...sh('id'), as: 'owner' }, { account: 'root' }), /nothing runs as root/)
    await assert.rejects(denied({ ...sh('id'), as: 'owner' }, { account: '-s' }), {
      kind: 'refused',
      message: /not a login name/,
    })
    await assert.rejects(
      denied(sh('id'), { environment: { LD_PRELOAD: '/x' } }),
      /do not allow the variable "LD_PRELOAD"/,
    )
    assert.equal((await denied(sh('echo on'))).stdout, 'on\n', 'and goes on')
  })

  it('is told of an order that is none, and goes on', async (t) => {
    const { node } = await open(t)
    await assert.rejects(node.run(sh('echo a\nb'), options), {
      kind: 'unavailable',
      message: 'login1: this is no order',
    })
    assert.equal((await node.run(sh('echo on'), options)).stdout, 'on\n')
  })

  it('ends commands at their time-out, and when they are given up', async (t) => {
    const { node } = await open(t)
    await node.hello()
    await assert.rejects(node.run(sh('exec sleep 600'), { ...options, timeoutMs: 300 }), {
      kind: 'ambiguous',
      mayStillRun: false,
    })
    const abort = new AbortController()
    const running = node.run(sh('exec sleep 600'), { ...options, signal: abort.signal })
    await until('it is connected', () => node.pid)
    abort.abort()
    await assert.rejects(running)
    await assert.rejects(node.run(sh('exec yes'), { ...options, outputLimitBytes: 10_000 }), /more than 10000 bytes/)
  })

  it('tells after a lost connection by the hold that a command still lives, and when it does not', async (t) => {
    const { node, folder, holds } = await open(t)
    await node.makeHold('b00abc01')
    assert.equal(await node.holdState('b00abc01'), 'free')
    const pidFile = join(folder, 'pid')
    const running = node.run(sh(`echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 600`), {
      ...options,
      holdPath: 'b00abc01',
    })
    const pid = await until('it runs', () => {
      try {
        return Number(readFileSync(pidFile, 'latin1'))
      } catch {
        return null
      }
    })
    process.kill(node.pid ?? 0, 'SIGKILL') // the shell has become the program
    await assert.rejects(running, { kind: 'ambiguous', mayStillRun: true })
    assert.equal(await node.holdState('b00abc01'), 'held', 'asked over another connection')
    process.kill(pid, 'SIGKILL')
    await until('it is free', async () => (await node.holdState('b00abc01')) === 'free')
    assert.equal(await node.holdState('b00other01'), 'absent')
    node.releaseHold('b00abc01')
    await until('it is gone', async () => (await node.holdState('b00abc01')) === 'absent')
    assert.deepEqual(await readdir(holds), [])
  })

  it('lets a command go on to its end when the hub has gone', async (t) => {
    const { node, folder } = await open(t)
    const [go, done] = [join(folder, 'go'), join(folder, 'done')]
    const running = node.run(
      sh(`echo > ${folder}/began; while ! [ -e ${go} ]; do sleep 0.05; done; echo > ${done}`),
      options,
    )
    running.catch(() => {})
    await until('it runs', async () => (await readdir(folder)).includes('began'))
    node[Symbol.dispose]()
    await writeFile(go, '')
    await until('it has ended', async () => (await readdir(folder)).includes('done'))
  })

  it('says that nothing was sent where it cannot be reached, in words, and comes back', async (t) => {
    const { node, folder, told } = await open(t)
    const closed = openLoginNode({
      name: 'login2',
      reach: {
        file: '/bin/sh',
        args: ['-c', 'echo "ssh: connect to host x port 22: Connection refused" >&2; exit 255'],
      },
      patienceMs: 200,
      pauseMs: 10,
    })
    await assert.rejects(closed.run(sh('id'), { ...options, timeoutMs: 200 }), {
      kind: 'unavailable',
      wasSent: false,
      message: /The login node login2 cannot be reached: ssh: connect to host x port 22: Connection refused/,
    })
    await assert.rejects(closed.makeHold('b00abc01'), { wasSent: false })
    const gate = join(folder, 'gate')
    const late = openLoginNode({
      name: 'late',
      reach: {
        file: '/bin/sh',
        args: [
          '-c',
          `[ -e ${gate} ] || exit 255; exec '${process.execPath}' --conditions=source '${program}' '--rules=${join(folder, 'rules')}'`,
        ],
      },
      pauseMs: 10,
    })
    const waits = late.run(sh('echo late'), options)
    await writeFile(gate, '')
    assert.equal((await waits).stdout, 'late\n')
    late[Symbol.dispose]()
    assert.equal((await node.run(sh('echo on'), options)).stdout, 'on\n')
    assert.deepEqual(told, ['connected to the login node'])
  })

  it('gives up at once where somebody must change something first', async (t) => {
    const { node } = await open(t, { before: 'echo Welcome to larch' })
    const words = /login1 cannot be reached: it printed "Welcome to larch" in place of an answer/
    await assert.rejects(node.run(sh('id'), options), words)
    const weak = await open(t)
    await chmod(weak.path, 0o666)
    await assert.rejects(
      weak.node.run(sh('id'), options),
      /does not start: .*rules must belong to root and be writable by root alone/,
    )
    const wrong = await open(t, { rules: 'nonsense' })
    await assert.rejects(wrong.node.run(sh('id'), options), /line 6: "nonsense" is none of/)
    const old = openLoginNode({
      name: 'old',
      reach: {
        file: '/bin/sh',
        args: [
          '-c',
          `echo '{"type":"hello","protocol":9,"version":"9.1","host":"h","account":"a","uidMin":1,"commands":[],"agent":null}'; cat`,
        ],
      },
    })
    await assert.rejects(old.hello(), /its version 9.1 speaks protocol 9, this gateway 1/)
  })

  it('is not believed everything', async () => {
    const liar = `echo '{"type":"hello","protocol":1,"version":"1","host":"h","account":"a","uidMin":1,"commands":[],"agent":null}'; read -r x; echo '{"type":"ended","id":1,"end":{"exitCode":"0"}}'; cat >/dev/null`
    const node = openLoginNode({ name: 'liar', reach: { file: '/bin/sh', args: ['-c', liar] } })
    await assert.rejects(node.run(sh('id'), options), { kind: 'ambiguous', mayStillRun: true })
  })

  it('knows accounts and the time', async (t) => {
    const { node } = await open(t)
    const me = userInfo()
    const found = await node.lookUpAccount(me.username)
    assert.deepEqual([found?.uid, found?.gid, found?.home], [me.uid, me.gid, me.homedir])
    assert.deepEqual(await node.lookUpAccount(String(me.uid)), found)
    for (const key of ['nobody-of-this-name', '-h', 'a b', '']) assert.equal(await node.lookUpAccount(key), null)
    assert.ok(Number.isFinite(await node.clock()))
  })
})

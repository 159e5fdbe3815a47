/** A real sshd and a real ssh between the hub and the program of a login node, and what somebody with the hub's key can do. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type LoginNode, openLoginNode, type RunOptions, sshArguments, sshTransport } from '@batchway/schedulers'
import { installForJobs } from '../agent-command.ts'
import { openTestSshd, type TestSshd } from './testing-sshd.ts'

const target = ({ port, identityFile, knownHostsFile }: TestSshd) =>
  ({ host: '127.0.0.1', port, user: 'batchway', identityFile, knownHostsFile }) as const

const options: RunOptions = {
  transport: sshTransport,
  account: 'alice',
  resolve: async (file) => file,
  environment: {},
  onLost: 'ambiguous',
  timeoutMs: 60_000,
  outputLimitBytes: 1_000_000,
  graceMs: 10_000,
}

describe('a login node behind ssh', () => {
  const installed = mkdtempSync('/var/tmp/batchway-ssh-')
  let sshd: TestSshd
  let node: LoginNode
  let forced: string
  const open = (change: object = {}): LoginNode =>
    openLoginNode({
      name: 'login1',
      reach: { file: '/usr/bin/ssh', args: sshArguments({ ...target(sshd), ...change }) },
      pauseMs: 50,
    })
  before(async () => {
    chmodSync(installed, 0o755)
    const { commands } = installForJobs(installed)
    sshd = await openTestSshd({
      hub: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
      commands,
      rules: ['itself /usr/bin/id', 'users /usr/bin/id', 'itself /bin/sh'],
      config: ['AcceptEnv *'],
    })
    forced = `command="${commands} --rules=${sshd.rulesFile}",restrict`
    node = open()
  })
  after(async () => {
    node[Symbol.dispose]()
    await sshd[Symbol.asyncDispose]()
    rmSync(installed, { recursive: true, force: true })
  })
  /** What a thief of the key can call. */
  const steal = (extra: readonly string[], words: readonly string[], input = '') => {
    const { port, identityFile, knownHostsFile } = sshd
    const common = [
      '-F',
      'none',
      '-o',
      'BatchMode=yes',
      '-o',
      `UserKnownHostsFile=${knownHostsFile}`,
      '-i',
      identityFile,
    ]
    const argv = [...common, '-p', String(port), ...extra, '--', 'batchway@127.0.0.1', ...words]
    return spawnSync('ssh', argv, { input, encoding: 'utf8', timeout: 60_000 })
  }
  /** The same attack with a line of authorized_keys that lacks its options. */
  const careless = <T>(line: string, act: () => T): T => {
    sshd.allow(line)
    try {
      return act()
    } finally {
      sshd.allow(forced)
    }
  }

  it('runs its commands as its own account, and tells where its agent is', async () => {
    const { stdout } = await node.run({ file: 'id', args: ['-un'], as: 'hub' }, options)
    assert.equal(stdout, 'batchway\n')
    const { agent, account } = await node.hello()
    assert.equal(account, 'batchway')
    assert.ok(agent?.directory.startsWith(installed) && existsSync(agent.node), JSON.stringify(agent))
    assert.equal((await node.lookUpAccount('alice'))?.home, '/home/alice')
  })

  it('acts for nobody whom sudo there does not allow', async () => {
    // The bench's rule names no id(1), and nobody outside its group.
    await assert.rejects(node.run({ file: 'id', args: [], as: 'owner' }, options), {
      kind: 'unavailable',
      message: /sudo did not run the command as alice/,
    })
    for (const account of ['root', 'batchway', '-s', '#0', '%root', 'alice\n', ''])
      await assert.rejects(node.run({ file: 'id', args: [], as: 'owner' }, { ...options, account }), account)
  })

  it('knows by the hold after a cut connection that a command lives on', async () => {
    await node.makeHold('b00abc01')
    const mark = join(sshd.folder, 'holds/running')
    const script = `touch ${mark}; while [ -e ${mark} ]; do sleep 0.05; done`
    const running = node.run({ file: 'sh', args: ['-c', script], as: 'hub' }, { ...options, holdPath: 'b00abc01' })
    await until(() => existsSync(mark))
    process.kill(node.pid ?? 0, 'SIGKILL')
    await assert.rejects(running, { kind: 'ambiguous', mayStillRun: true })
    const next = open() // as after a restart of the hub
    assert.equal(await next.holdState('b00abc01'), 'held')
    rmSync(mark)
    await until(async () => (await next.holdState('b00abc01')) === 'free')
    next[Symbol.dispose]()
  })

  it('gives the holder of the key no shell, no other command, no terminal, no files', () => {
    for (const [extra, words] of [
      [[], ['id']],
      [[], []],
      [['-tt'], ['id']],
      [['-s'], ['sftp']],
      [[], ['/bin/sh', '-c', 'id']],
      [[], ['--rules=/tmp/own; id']],
    ] as const) {
      const { stdout, stderr } = steal(extra, words)
      assert.doesNotMatch(stdout, /uid=/, words.join(' '))
      assert.match(stdout + stderr, /^\{"type":"hello"|PTY allocation request failed/)
    }
    const control = careless('', () => steal([], ['id']))
    assert.match(control.stdout, /uid=\d+\(batchway\)/, 'control: without options the key is a shell')
  })

  it('gives the holder of the key no port', async () => {
    const server = createServer((socket) => socket.end('secret service')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const forward = async (): Promise<string> => {
      const { port: sshPort, identityFile, knownHostsFile } = sshd
      const argv = [
        '-F',
        'none',
        '-o',
        'BatchMode=yes',
        '-o',
        `UserKnownHostsFile=${knownHostsFile}`,
        '-i',
        identityFile,
      ]
      const child = spawn('ssh', [...argv, '-p', String(sshPort), '-W', `127.0.0.1:${port}`, 'batchway@127.0.0.1'])
      let out = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          out += chunk.toString()
        })
      await once(child, 'close')
      return out
    }
    const refused = await forward()
    assert.doesNotMatch(refused, /secret service/)
    assert.match(refused, /prohibited|refused|failed/)
    sshd.allow(forced.replace(',restrict', ''))
    const control = await forward()
    sshd.allow(forced)
    assert.match(control, /secret service/, 'control: without "restrict" the port is open')
    server.close()
  })

  it('carries out orders of the holder of the key only as far as its rules go', () => {
    const execution = {
      args: [],
      account: null,
      variables: {},
      stdin: '',
      timeoutMs: 5_000,
      outputLimitBytes: 1_000,
      graceMs: 100,
      hold: null,
    }
    const attacks = [
      { file: '/usr/bin/env' },
      { file: '/bin/../bin/sh' },
      { file: '../../bin/sh' },
      { file: 'id', account: 'root' },
      { file: 'id', account: '-s' },
      { file: 'id', account: '#0' },
      { file: 'id', variables: { LD_PRELOAD: '/tmp/x.so' } },
      { file: 'id', hold: '../../../etc/passwd' },
    ]
    const lines = [
      ...attacks.map((attack, id) => ({ type: 'execute', id, execution: { ...execution, ...attack } })),
      { type: 'hold', id: 50, name: '../rules', act: 'remove' },
      { type: 'shell', id: 51 },
      { type: 'execute', id: 99, execution: { ...execution, file: 'id', args: ['-un'] } },
    ]
    const { stdout } = steal([], [], lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const answers: { id: number; type: string; end?: { stdout: string } }[] = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      answers.filter(({ type }) => type !== 'failed').map(({ id, end }) => [id, end?.stdout]),
      [[99, 'batchway\n']],
      'control: what is allowed runs',
    )
    assert.equal(answers.length, lines.length)
    assert.ok(existsSync(sshd.rulesFile))
  })

  it('lets no variable of a client reach its runtime', () => {
    const [evil, mark] = [join(installed, 'evil.cjs'), join(sshd.folder, 'holds/evil')]
    writeFileSync(evil, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
    const attack = ['-o', `SetEnv=NODE_OPTIONS=--require=${evil}`]
    steal(attack, [])
    assert.equal(existsSync(mark), false)
    // Control: the same program without the empty environment.
    const wrapper = readFileSync(join(installed, 'batchway-commands'), 'utf8')
    const open = join(installed, 'careless')
    writeFileSync(open, wrapper.replace('/usr/bin/env -i ', '/usr/bin/env '), { mode: 0o755 })
    chmodSync(open, 0o755)
    careless(`command="${open} --rules=${sshd.rulesFile}",restrict`, () => steal(attack, []))
    assert.equal(existsSync(mark), true, 'control')
  })

  it('is refused in words when its host key has changed, is not known, or the key is not taken', async () => {
    const refused = async (words: RegExp, change: object): Promise<void> => {
      const other = open(change)
      await assert.rejects(other.hello(), words)
      other[Symbol.dispose]()
    }
    const keyOf = (path: string): string => readFileSync(path, 'utf8').split(' ').slice(0, 2).join(' ')
    const file = (name: string, text: string): string => {
      writeFileSync(join(installed, name), text, { mode: 0o600 })
      return join(installed, name)
    }
    const changedKey = `[127.0.0.1]:${sshd.port} ${keyOf(`${sshd.identityFile}.pub`)}\n`
    await refused(/host key is not the one that is known here/, { knownHostsFile: file('changed', changedKey) })
    await refused(/host key is not known here/, { knownHostsFile: file('empty', '') })
    await refused(/does not take the key/, { identityFile: join(sshd.folder, 'host-key') })
    const open644 = file('open', readFileSync(sshd.identityFile, 'utf8'))
    chmodSync(open644, 0o644)
    await refused(/can be read by others/, { identityFile: open644 })
    await refused(/is the identityFile there/, { identityFile: join(installed, 'nowhere') })
    sshd.allow('restrict')
    await refused(/no forced command there/, {})
    sshd.allow(forced)
  })
})

async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await look())) {
    assert.ok(performance.now() < deadline, 'waited in vain')
    await new Promise((next) => setTimeout(next, 20))
  }
}

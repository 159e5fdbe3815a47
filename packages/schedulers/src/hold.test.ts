import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { commandFinder } from './find-command.ts'
import { holdState, makeHold, openHold } from './hold.ts'
import { run } from './run.ts'
import { selfTransport } from './transport.ts'

async function pathOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'batchway-hold-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'hold')
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, what)
    await delay(20)
  }
}

/** Ends what the test left, if it did. */
const endAfter = (t: TestContext, pid: number): void =>
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended, as it should
    }
  })

/** Its child holds its standard error, writes its pid there and ends when it is told to. */
const parent = (pidFile: string): string => `sh -c 'echo $$ > ${pidFile}; exec sleep 600' & wait`

describe('a hold', () => {
  it('is free when nobody has it, and absent when there is none', async (t) => {
    const path = await pathOf(t)
    assert.equal(holdState(path), 'absent')
    await makeHold(path)
    assert.equal(holdState(path), 'free')
    await makeHold(path)
    assert.equal(holdState(path), 'free')
  })

  it('is no answer when something else lies there', async (t) => {
    const path = await pathOf(t)
    writeFileSync(path, '')
    assert.throws(() => holdState(path), /is no FIFO/)
    assert.throws(() => openHold(path), /is no FIFO/)
  })

  it('is held while a command runs, and says what it says', async (t) => {
    const path = await pathOf(t)
    await makeHold(path)
    const { writer, reader } = openHold(path)
    const child = spawn('sh', ['-c', 'echo words >&2; read line'], { stdio: ['pipe', 'ignore', writer] })
    closeSync(writer)
    assert.equal(holdState(path), 'held')
    let said = ''
    reader.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    child.stdin?.end('go\n')
    await once(reader, 'close')
    assert.equal(holdState(path), 'free')
    // The look above may have taken the words: whoever looks while the first reader lives has none to lose.
    assert.ok(said === 'words\n' || said === '')
  })

  it('is held by the child of a command that was killed: the death of a sudo is not that of what it runs', async (t) => {
    const path = await pathOf(t)
    await makeHold(path)
    const { writer, reader } = openHold(path)
    const command = spawn('sh', ['-c', parent(`${path}.pid`)], { stdio: ['ignore', 'ignore', writer] })
    closeSync(writer)
    await until(
      () => existsSync(`${path}.pid`) && readFileSync(`${path}.pid`, 'utf8').endsWith('\n'),
      'the child starts',
    )
    const child = Number(readFileSync(`${path}.pid`, 'utf8'))
    endAfter(t, child)

    command.kill('SIGKILL')
    await once(command, 'exit')
    assert.equal(holdState(path), 'held')
    process.kill(child, 'SIGKILL')
    await once(reader.resume(), 'close')
    assert.equal(holdState(path), 'free')
  })

  it('outlives the one who ran the command: its heir knows that the command lives', async (t) => {
    const path = await pathOf(t)
    await makeHold(path)
    const program = `
      const { run } = await import(${JSON.stringify(new URL('./run.ts', import.meta.url).href)})
      const { selfTransport } = await import(${JSON.stringify(new URL('./transport.ts', import.meta.url).href)})
      await run({ file: '/bin/sleep', args: ['600'], as: 'hub' }, {
        transport: selfTransport('me'), account: 'me', resolve: async (file) => file, environment: {}, onLost: 'ambiguous',
        timeoutMs: 600_000, outputLimitBytes: 1_000, holdPath: process.argv[1], onSpawn: (pid) => console.log(pid),
      })`
    const first = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.ok(first.stdout)
    const [line] = await once(first.stdout, 'data')
    const pid = Number(line)
    endAfter(t, pid)

    first.kill('SIGKILL')
    await once(first, 'exit')
    assert.equal(holdState(path), 'held')
    process.kill(pid, 'SIGKILL')
    await until(() => holdState(path) === 'free', 'the hold is free')
  })

  it('reaches the words of a command to its runner, and proves it dead', async (t) => {
    const path = await pathOf(t)
    await makeHold(path)
    const options = {
      transport: selfTransport('me'),
      account: 'me',
      resolve: commandFinder('/usr/bin:/bin'),
      environment: {},
      onLost: 'ambiguous',
      timeoutMs: 60_000,
      outputLimitBytes: 100_000,
      // Long: on a busy machine what ends at once is seen late.
      graceMs: 10_000,
      holdPath: path,
    } as const
    const sh = (script: string) => ({ file: 'sh', args: ['-c', script], as: 'hub' as const })
    assert.deepEqual(await run(sh('echo out; echo err >&2; exit 3'), options), {
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    assert.equal(holdState(path), 'free')

    await assert.rejects(run(sh('while :; do echo x >&2; done'), options), /printed more than 100000 bytes/)
    await assert.rejects(run({ file: '/no/such', args: [], as: 'hub' }, options), /does not exist/)
    await until(() => holdState(path) === 'free', 'the hold is free')

    // A child that has let go of standard output, but not of the hold, could still act.
    const lingering = sh(`${parent(`${path}.pid`).replace('& wait', '> /dev/null &')} echo 4711`)
    await assert.rejects(run(lingering, { ...options, graceMs: 300 }), { kind: 'ambiguous', mayStillRun: true })
    await until(
      () => existsSync(`${path}.pid`) && readFileSync(`${path}.pid`, 'utf8').endsWith('\n'),
      'the child starts',
    )
    const child = Number(readFileSync(`${path}.pid`, 'utf8'))
    endAfter(t, child)
    assert.equal(holdState(path), 'held')
    process.kill(child, 'SIGKILL')
    await until(() => holdState(path) === 'free', 'the hold is free')
  })

  it('is not inherited by what else its maker starts', async (t) => {
    const path = await pathOf(t)
    await makeHold(path)
    const { writer, reader } = openHold(path)
    const other = spawn('sleep', ['600'], { stdio: 'ignore' })
    endAfter(t, other.pid ?? 0)
    closeSync(writer)
    await once(reader.resume(), 'close')
    assert.equal(holdState(path), 'free')
    // The same look sees a holder where there is one.
    const again = openSync(path, 'r+')
    assert.equal(holdState(path), 'held')
    closeSync(again)
  })
})

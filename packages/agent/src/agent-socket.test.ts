/** The real agent as a process, before an application that listens on a private unix socket. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { socketConnector } from './app-connection.ts'
import { systemClock } from './clock.ts'
import {
  ask,
  connectWithKey,
  exchange,
  installForTests,
  ourselves,
  readUntil,
  sharedFolder,
  startAgent,
} from './testing/agent-bench.ts'
import { type FakeHub, type FakeHubOptions, openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { until } from './testing/until.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent = installForTests(folder.path)
const me = ourselves(folder.path)
const stub = join(import.meta.dirname, 'testing/stub-app.ts')
const prefix = '/jupyter/user/alice/'

/** A job's own folder for temporary files. */
function jobFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'bw-job-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const hubWithSocket = (options: Partial<FakeHubOptions> = {}): Promise<FakeHub> =>
  openFakeHub({
    ...options,
    application: {
      listensOn: 'socket',
      argv: [agent.node, stub, '{socket}', prefix],
      environment: { APP_SOCKET: 'unix:{socket}' },
      ...options.application,
    },
  })
const untilReady = (hub: FakeHub) => until('ready', () => reportsOf(hub, 'ready')[0])
const untilExit = (hub: FakeHub) => until('exit report', () => reportsOf(hub, 'exit')[0])
/** Where the application was told to listen. */
async function socketOf(hub: FakeHub, port: number): Promise<string> {
  const { body } = await ask(hub, port, `${prefix}environment`)
  const environment: { APP_SOCKET: string } = JSON.parse(/\{.*\}/s.exec(body)?.[0] ?? '{}')
  return environment.APP_SOCKET.replace(/^unix:/, '')
}

describe('an application on a private socket', () => {
  it('is served, upgraded and beaten for, in a folder that is closed to others and gone at the end', async () => {
    using job = jobFolder()
    await using hub = await hubWithSocket()
    await using run = startAgent(agent, hub, me, { TMPDIR: job.path })
    const { port } = await untilReady(hub)
    const path = await socketOf(hub, port)
    const place = dirname(path)
    assert.equal(dirname(place), job.path)
    assert.equal(statSync(place).mode & 0o777, 0o700)
    assert.ok(statSync(path).isSocket())

    const body = 'x'.repeat(4 * 1024 * 1024)
    assert.match((await ask(hub, port, `${prefix}sum`, { method: 'POST', body })).body, /4194304/)
    assert.equal((await ask(hub, port, `${prefix}big`)).body.length, 8 * 1024 * 1024)
    const socket = await connectWithKey(port, hub.claim.psk)
    const head = await exchange(
      socket,
      `GET ${prefix}ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      /\r\n\r\n/,
    )
    assert.match(head, /^HTTP\/1.1 101 /)
    assert.equal(await exchange(socket, 'ping', /ping/), 'ping')
    socket.end('last words')
    assert.equal(await readUntil(socket), 'last words', 'what comes after our end still arrives')
    await until('a heartbeat with activity', () =>
      reportsOf(hub, 'heartbeat').find(({ lastActivityAt }) => lastActivityAt !== null),
    )

    hub.order = 'stop'
    assert.equal((await untilExit(hub)).why, 'stopped')
    assert.equal(await run.ended, 0)
    assert.deepEqual(readdirSync(job.path), [])
  })

  it('may be warned that it is idle, and is ended for it', async () => {
    await using hub = await hubWithSocket({ claim: { idle: { seconds: 3, warnSeconds: 1, activity: 'traffic' } } })
    await using run = startAgent(agent, hub, me)
    assert.equal((await untilExit(hub)).why, 'idle')
    assert.equal(await run.ended, 0)
  })

  it('that never listens there is never ready', async () => {
    await using hub = await hubWithSocket({ application: { argv: ['sleep', '1000'] }, claim: { readySeconds: 1 } })
    await using _run = startAgent(agent, hub, me)
    assert.equal((await untilExit(hub)).why, 'never-ready')
  })

  it('leaves a folder behind when all is killed at once; the next start of the user removes it', async () => {
    using job = jobFolder()
    await using hub = await hubWithSocket()
    await using run = startAgent(agent, hub, me, { TMPDIR: job.path })
    const first = await socketOf(hub, (await untilReady(hub)).port)
    const [pid = 0] = [reportsOf(hub, 'ready')[0]?.pid]
    run.child.kill('SIGKILL')
    process.kill(pid, 'SIGKILL')
    await run.ended
    assert.ok(existsSync(first), 'nobody was there to remove it')

    await using next = await hubWithSocket()
    await using _second = startAgent(agent, next, me, { TMPDIR: job.path })
    const second = await socketOf(next, (await untilReady(next)).port)
    await until('the folder of the dead has gone', () => !existsSync(dirname(first)))
    await using third = await hubWithSocket()
    await using _third = startAgent(agent, third, me, { TMPDIR: job.path })
    await untilReady(third)
    assert.ok(existsSync(second), 'the folder of the living has not')
  })
})

describe('socketConnector', () => {
  it('waits where the queue of connections is full, as TCP does by itself', async () => {
    using job = jobFolder()
    const path = join(job.path, 'app.sock')
    const code = `require('net').createServer((s) => s.write('hello')).listen({ path: process.argv[1], backlog: 1 }, () => console.log('up'))`
    const server = spawn(agent.node, ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(server.stdout, 'data')
    server.kill('SIGSTOP') // accepts nothing now
    const first: Socket[] = []
    const refused = async (): Promise<string | null> => {
      const socket = connect({ path })
      first.push(socket)
      return once(socket, 'connect').then(
        () => null,
        (error: NodeJS.ErrnoException) => error.code ?? '',
      )
    }
    let refusal: string | null = null
    while (refusal === null) refusal = await refused()
    assert.equal(refusal, 'EAGAIN', 'a plain connect fails')

    const waiting = socketConnector(path, systemClock).open()
    server.kill('SIGCONT')
    const socket = await waiting
    const [hello] = await once(socket, 'data')
    assert.equal(String(hello), 'hello')
    for (const each of [...first, socket]) each.destroy()
    server.kill('SIGKILL')
    await once(server, 'close')
  })

  it('does not wait for one that is not there, or that has died', async () => {
    using job = jobFolder()
    const path = join(job.path, 'app.sock')
    await assert.rejects(socketConnector(path, systemClock).open(), { code: 'ENOENT' })
    const server = createServer().listen({ path })
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    await assert.rejects(socketConnector(path, systemClock).open(), { code: 'ENOENT' })
  })
})

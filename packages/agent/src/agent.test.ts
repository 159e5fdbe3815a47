import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, createServer } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import {
  ask,
  connectWithKey,
  exchange,
  installForTests,
  ourselves,
  processesWith,
  readUntil,
  sharedFolder,
  startAgent,
} from './testing/agent-bench.ts'
import { canary, type FakeHub, type FakeHubOptions, openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { until } from './testing/until.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent = installForTests(folder.path)
const me = ourselves(folder.path)
const stub = join(import.meta.dirname, 'testing/stub-app.ts')
const prefix = '/jupyter/user/alice/'

const hubWithStub = (options: Partial<FakeHubOptions> = {}): Promise<FakeHub> =>
  openFakeHub({ ...options, application: { argv: [agent.node, stub, '{port}', prefix], ...options.application } })

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // a short sleep that is over
  }
}
const untilReady = (hub: FakeHub) => until('ready', () => reportsOf(hub, 'ready')[0])
const untilExit = (hub: FakeHub) => until('exit report', () => reportsOf(hub, 'exit')[0])

describe('an attempt', () => {
  it('claims, listens, gets ready, serves, beats and ends when the hub orders it', async () => {
    const mark = canary('mark')
    await using hub = await hubWithStub({ application: { environment: { FOO: 'bar {port}', WHO: mark } } })
    await using run = startAgent(agent, hub, me, { SLURM_EXPORT_ENV: 'NONE', SUDO_USER: 'root', KEPT: 'yes' })

    const ready = await untilReady(hub)
    assert.deepEqual(
      { ...hub.claims[0], nonce: '', agentVersion: '' },
      {
        protocol: 2,
        session: 's1',
        attempt: 1,
        nonce: '',
        jobId: 'job-7',
        restart: 0,
        node: 'node1',
        uid: me.uid,
        agentVersion: '',
      },
    )
    assert.equal(ready.host, '127.0.0.1')
    assert.equal(reportsOf(hub, 'listening')[0]?.port, ready.port)

    const env = JSON.parse(
      (await ask(hub, ready.port, `${prefix}environment`)).body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, ''),
    )
    assert.equal(env.KEPT, 'yes')
    assert.match(env.FOO, /^bar \d+$/)
    assert.deepEqual(
      Object.keys(env).filter((name) => /^(SLURM_EXPORT|SUDO_|BATCHWAY_LOCAL)/.test(name)),
      [],
    )

    const beat = await until('a heartbeat with activity', () =>
      reportsOf(hub, 'heartbeat').find((report) => report.lastActivityAt !== null),
    )
    assert.equal(beat.state, 'ready')
    assert.ok((beat.usage.memoryBytes ?? 0) > 10 * 1024 * 1024)

    hub.order = 'stop'
    const exit = await untilExit(hub)
    assert.equal(await run.ended, 0)
    assert.equal(exit.why, 'stopped')
    assert.equal(exit.exitCode, 0)
    assert.deepEqual(exit.log, ['leaving in order'])
    assert.deepEqual(processesWith(me.uid, mark), [])
  })

  describe('whose application chooses its port itself', () => {
    const chosen = async (): Promise<{ readonly port: number; readonly close: () => void }> => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined) // the agent cuts what it does not trust
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      assert.ok(typeof address === 'object' && address !== null)
      return { port: address.port, close: () => server.close() }
    }

    it('relays there once the hub has told, and asks the hub before the heartbeat’s time', async () => {
      const { port, close } = await chosen()
      close()
      const argv = [agent.node, stub, String(port), prefix]
      await using hub = await hubWithStub({ application: { argv }, claim: { heartbeatSeconds: 600 } })
      await using run = startAgent(agent, hub, me)
      await until('it listens', () => reportsOf(hub, 'listening')[0])
      hub.applicationPort = port
      const ready = await untilReady(hub)
      assert.match(run.output(), new RegExp(`the application has chosen port ${port}`))
      assert.equal((await ask(hub, ready.port, `${prefix}environment`)).status, 200)
    })

    it('does not relay to a port that somebody else holds, whatever was told', async () => {
      const foreign = await chosen()
      try {
        const argv = ['/bin/sleep', '600']
        await using hub = await hubWithStub({ application: { argv }, claim: { readySeconds: 2 } })
        hub.applicationPort = foreign.port
        await using _run = startAgent(agent, hub, me)
        assert.equal((await untilExit(hub)).why, 'never-ready')
      } finally {
        foreign.close()
      }
    })
  })

  it('waits for a hub that is away for five seconds', async () => {
    await using hub = await hubWithStub()
    await hub.pause()
    await using run = startAgent(agent, hub, me)
    await until('the agent to notice', () => run.output().includes('waiting for the hub: ECONNREFUSED'))
    const since = Date.now()
    await until('five seconds', () => Date.now() - since > 5_000)
    await hub.resume()

    await untilReady(hub)
    assert.equal(hub.claims.length, 1)
  })

  it('asks again with the same nonce after a lost reply and after "later"', async () => {
    await using hub = await hubWithStub()
    hub.claimMoods.push('drop', { status: 503, code: '' }, { status: 425, code: 'later' })
    await using _run = startAgent(agent, hub, me)
    await untilReady(hub)
    assert.equal(hub.claims.length, 4)
    assert.equal(new Set(hub.claims.map((claim) => claim.nonce)).size, 1)
  })

  it('gives up with words and its own exit status when the hub stays away', async () => {
    await using hub = await hubWithStub({ ticket: { hubPatienceSeconds: 0.5 } })
    await hub.pause()
    await using run = startAgent(agent, hub, me)
    assert.equal(await run.ended, 70)
    assert.match(run.output(), /batchway: error=hub-not-reachable no answer from http.*ECONNREFUSED\n$/)
    await hub.resume()
  })

  for (const [code, status, exit, words] of [
    ['superseded', 409, 0, /nothing to do: the hub says superseded/],
    ['ended', 403, 0, /nothing to do: the hub says ended/],
    ['forbidden', 403, 71, /error=claim-refused/],
    ['protocol', 409, 72, /error=protocol-mismatch/],
  ] as const)
    it(`ends with status ${exit} when the claim is refused as ${code}`, async () => {
      await using hub = await hubWithStub()
      hub.claimMoods.push({ status, code })
      await using run = startAgent(agent, hub, me)
      assert.equal(await run.ended, exit)
      assert.match(run.output(), words)
      assert.deepEqual(hub.reports, [])
    })

  it('goes on while the hub is away, and obeys it when it is back', async () => {
    await using hub = await hubWithStub()
    await using run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)
    await hub.pause()
    await until('the agent to notice', () => run.output().includes('the application goes on'))
    assert.equal((await ask(hub, port, `${prefix}x`)).status, 200)
    hub.order = 'revoked'
    await hub.resume()
    assert.equal(await run.ended, 0)
    assert.match(run.output(), /the claim was revoked/)
  })

  it('reports an application that ends by itself, with its last lines', async () => {
    await using hub = await hubWithStub({ application: { environment: { STUB_SAYS: 'hello\nworld' } } })
    await using run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)
    await ask(hub, port, `${prefix}die`)
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.exitCode, exit.log], ['application', 3, ['hello', 'world']])
    assert.equal(await run.ended, 3)
    assert.match(run.output(), /hello\nworld\n/)
  })

  it('says which program is not there, and that a working directory is not there', async () => {
    await using hub = await hubWithStub({ application: { argv: ['no-such-program'] } })
    await using run = startAgent(agent, hub, me)
    assert.equal((await untilExit(hub)).why, 'not-found')
    assert.equal(await run.ended, 127)

    await using other = await hubWithStub({ application: { directory: '~/no/such/folder' } })
    await using second = startAgent(agent, other, me)
    assert.equal((await untilExit(other)).why, 'home')
    assert.equal(await second.ended, 60)
  })

  it('tells a program whose interpreter is missing from one that ran and failed', async () => {
    const path = join(folder.path, 'no-interpreter')
    writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 })
    await using hub = await hubWithStub({ application: { argv: [path] } })
    await using run = startAgent(agent, hub, me)
    const exit = await untilExit(hub)
    assert.equal(exit.why, 'not-found')
    assert.match(exit.message, /could not be started: ENOENT/)
    assert.equal(await run.ended, 127)
  })

  it('lets no secret out by the words of its end', async () => {
    const secret = canary('path')
    const path = join(folder.path, secret)
    await using hub = await hubWithStub({ application: { argv: [path], environment: { MY_SECRET: secret } } })
    writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 })
    await using run = startAgent(agent, hub, me)
    const { message } = await untilExit(hub)
    await run.ended
    assert.equal(message, `${join(folder.path, '[secret]')} could not be started: ENOENT`)
    assert.ok(run.output().includes(message))
    assert.equal((run.output() + JSON.stringify(hub.reports)).includes(secret), false)
  })

  it('ends an application that never answers, with its last lines', async () => {
    const argv = ['sh', '-c', 'echo still thinking; sleep 1000']
    await using hub = await hubWithStub({ application: { argv }, claim: { readySeconds: 4 } })
    await using run = startAgent(agent, hub, me)
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.log], ['never-ready', ['still thinking']])
    assert.equal(await run.ended, 75)
  })

  for (const signal of ['SIGTERM', 'SIGUSR1'] as const)
    it(`ends in order on ${signal}, and nothing of the session survives`, async () => {
      const mark = canary('survivor')
      const runtime = join(folder.path, `batchway-run-${signal}`)
      mkdirSync(runtime)
      await using hub = await hubWithStub({ application: { environment: { STUB_LEAVES: '1', WHO: mark } } })
      await using run = startAgent(agent, hub, me, { BATCHWAY_RUNTIME_DIR: runtime })
      await untilReady(hub)
      await until('five processes', () => processesWith(me.uid, mark).length >= 5)
      run.child.kill(signal)
      assert.equal(await run.ended, 0)
      assert.deepEqual(processesWith(me.uid, mark), [])
      assert.equal((await untilExit(hub)).why, 'stopped')
      assert.equal(existsSync(runtime), false)
    })

  it('kills an application that ignores SIGTERM when its time is over', async () => {
    await using hub = await hubWithStub({
      application: { environment: { STUB_IGNORES_TERM: '1' } },
      claim: { stopSeconds: 4 },
    })
    await using run = startAgent(agent, hub, me)
    await untilReady(hub)
    run.child.kill('SIGTERM')
    assert.equal(await run.ended, 0)
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.signal, exit.log], ['stopped', 'SIGKILL', ['ignoring SIGTERM']])
  })

  it('spares a job that the user submitted from inside', async () => {
    const mark = canary('other-job')
    const argv = [
      'sh',
      '-c',
      `setsid env SLURM_JOB_ID=99 WHO=${mark} sh -c 'while :; do sleep 1; done' </dev/null >/dev/null 2>&1 & exec "$@"`,
      'sh',
      agent.node,
      stub,
      '{port}',
      prefix,
    ]
    await using hub = await hubWithStub({ application: { argv } })
    await using run = startAgent(agent, hub, me, { SLURM_JOB_ID: '7', BATCHWAY_LOCAL_JOB_ID: '' })
    await untilReady(hub)
    assert.equal(hub.claims[0]?.jobId, '7')
    run.child.kill('SIGTERM')
    await run.ended
    const left = processesWith(me.uid, mark)
    for (const pid of left) killIfThere(pid)
    assert.ok(left.length >= 1)
  })

  it('lets no secret out by output or report', async () => {
    const secrets = { JUPYTERHUB_API_TOKEN: canary('api'), MY_SECRET: canary('env') }
    const says = canary('plain')
    await using hub = await hubWithStub({
      application: { environment: { ...secrets, STUB_SAYS: `${says} ${Object.values(secrets).join(' ')} SELF` } },
    })
    const environment: Record<string, string> = hub.claim.application.environment
    environment.STUB_SAYS = `${environment.STUB_SAYS} ${hub.ticket.secret} ${hub.claim.claimToken} ${hub.claim.psk.key}`
    await using run = startAgent(agent, hub, me)
    await untilReady(hub)
    run.child.kill('SIGTERM')
    await run.ended
    const all = run.output() + JSON.stringify(hub.reports)
    assert.equal(all.split(says).length, 3, 'the line itself is in the output and in the report')
    for (const secret of [...Object.values(secrets), hub.ticket.secret, hub.claim.claimToken, hub.claim.psk.key])
      assert.equal(all.includes(secret), false)
  })

  it('starts in a port range and takes the next port when one is taken', async () => {
    // An address of this test's own, below the ports that the kernel gives away: nobody else holds them.
    const address = `127.77.${randomInt(256)}.${randomInt(1, 255)}`
    const listen = (advertise: string | null) => ({ listen: { address, ports: [17_310, 17_311] as const, advertise } })
    await using first = await hubWithStub({ claim: listen('n1.cluster') })
    await using second = await hubWithStub({ claim: listen(null) })
    await using third = await hubWithStub({ claim: listen(null) })
    await using _one = startAgent(agent, first, me)
    const one = await untilReady(first)
    await using _two = startAgent(agent, second, me)
    const two = await untilReady(second)
    assert.equal(one.host, 'n1.cluster')
    assert.deepEqual([one.port, two.port].sort(), [17_310, 17_311])
    await using run = startAgent(agent, third, me)
    assert.equal(await run.ended, 74)
    assert.match((await untilExit(third)).message, /no free port from 17310 to 17311/)
  })
})

describe('the listening socket', () => {
  it('lets in who has the key, and tells nobody else anything', async () => {
    await using hub = await hubWithStub()
    await using _run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)
    const { identity, key } = hub.claim.psk

    assert.equal((await ask(hub, port, `${prefix}x`)).status, 200) // positive control
    const words = async (psk: { identity: string; key: string }) =>
      connectWithKey(port, psk).then(
        () => 'in',
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      )
    const wrongKey = await words({ identity, key: 'ab'.repeat(32) })
    assert.notEqual(wrongKey, 'in')
    assert.equal(await words({ identity: 'someone', key }), wrongKey, 'identities cannot be told from keys')

    const tls = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
    const [error] = await once(tls, 'error')
    assert.match(String(error.code), /SSL|ECONNRESET/)

    const plain = connectPlain(port, '127.0.0.1')
    plain.write(`GET ${prefix}x HTTP/1.1\r\nHost: x\r\n\r\n`)
    const answer = await readUntil(plain)
    assert.ok(answer.length < 16, 'an alert at most')
    assert.doesNotMatch(answer, /HTTP/)
  })

  it('carries upgraded connections both ways, large bodies, and half-closes', async () => {
    await using hub = await hubWithStub()
    await using _run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)

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

    const body = 'x'.repeat(4 * 1024 * 1024)
    assert.match((await ask(hub, port, `${prefix}sum`, { method: 'POST', body })).body, /4194304/)
    assert.equal((await ask(hub, port, `${prefix}big`)).body.length, 8 * 1024 * 1024)
    await until('no connection left', () => reportsOf(hub, 'heartbeat').at(-1)?.connections === 0)
  })
})

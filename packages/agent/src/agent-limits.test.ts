/** The real agent as a process: ends that come because time passes, and what a job script found. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type JobScriptOrder, renderJobScript } from './job-script.ts'
import { ask, installForTests, ourselves, sharedFolder, startAgent } from './testing/agent-bench.ts'
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
const untilReady = (hub: FakeHub) => until('ready', () => reportsOf(hub, 'ready')[0])
const untilExit = (hub: FakeHub) => until('exit report', () => reportsOf(hub, 'exit')[0])
const warningsOf = (hub: FakeHub) => reportsOf(hub, 'heartbeat').flatMap(({ warnings = [] }) => warnings)

describe('the walltime', () => {
  it('is warned of, and the application leaves in order before it is over', async () => {
    await using hub = await hubWithStub({ claim: { walltime: { warnSeconds: [900, 60], leaveSeconds: 300 } } })
    await using run = startAgent(agent, hub, me)
    const ready = await untilReady(hub)
    assert.deepEqual(warningsOf(hub), [])
    hub.endsAt = Date.now() + 355_000
    const warning = await until('a warning', () => warningsOf(hub)[0])
    assert.deepEqual([warning.about, warning.limitSeconds], ['walltime', 60])
    assert.ok(warning.endsInSeconds > 0 && warning.endsInSeconds <= 55, `${warning.endsInSeconds} s`)
    const left = reportsOf(hub, 'heartbeat').at(-1)?.leftSeconds ?? 0
    assert.ok(left > 300 && left <= 355, `${left} s left`)
    assert.equal((await ask(hub, ready.port, `${prefix}x`)).status, 200)
    await until('words in the log', () => /batchway: warning: walltime, ends in \d+ s\n/.test(run.output()))

    hub.endsAt = Date.now() + 200_000
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.exitCode, exit.log], ['walltime', 0, ['leaving in order']])
    assert.match(exit.message, /^ended in order: the walltime is over in \d+ s$/)
    assert.ok(Date.now() < hub.endsAt, 'before the scheduler would have killed it')
    assert.equal(await run.ended, 0)
  })

  it('may move away again', async () => {
    await using hub = await hubWithStub({ claim: { walltime: { warnSeconds: [60], leaveSeconds: 5 } } })
    await using _run = startAgent(agent, hub, me)
    await untilReady(hub)
    hub.endsAt = Date.now() + 50_000
    await until('a warning', () => warningsOf(hub)[0])
    hub.endsAt = Date.now() + 3_600_000
    await until('no warning', () => reportsOf(hub, 'heartbeat').at(-1)?.warnings?.length === 0)
    assert.deepEqual(reportsOf(hub, 'exit'), [])
  })

  for (const [wallMs, why] of [
    [500, 'walltime'],
    [3_600_000, 'stopped'],
  ] as const)
    it(`${why === 'walltime' ? 'is' : 'is not'} what a SIGTERM means with ${wallMs / 1000} s to go`, async () => {
      await using hub = await hubWithStub() // gives no order: the scheduler ends the job
      await using run = startAgent(agent, hub, me)
      await untilReady(hub)
      hub.endsAt = Date.now() + wallMs
      await until('it has been told', () => (reportsOf(hub, 'heartbeat').at(-1)?.leftSeconds ?? null) !== null)
      await until('it is over', () => why === 'stopped' || Date.now() > (hub.endsAt ?? 0))
      run.child.kill('SIGTERM')
      assert.equal((await untilExit(hub)).why, why)
      assert.equal(await run.ended, 0)
    })

  it('is told by the exit status where the hub is away to the end', async () => {
    await using hub = await hubWithStub({
      claim: { endsAt: Date.now() + 2_000, walltime: { warnSeconds: [], leaveSeconds: 1 } },
    })
    hub.deafTo = 'reports'
    await using run = startAgent(agent, hub, me)
    assert.equal(await run.ended, 77)
    assert.match(run.output(), /\nbatchway: error=walltime .*the walltime is over in \d s\n$/)
    assert.deepEqual(hub.reports, [])
  })
})

describe('the idle limit', () => {
  const idle = { seconds: 4, warnSeconds: 2, activity: 'traffic' } as const

  it('warns, then ends a session that nobody uses', async () => {
    await using hub = await hubWithStub({ claim: { idle } })
    await using run = startAgent(agent, hub, me)
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.exitCode, exit.log], ['idle', 0, ['leaving in order']])
    assert.match(exit.message, /^ended in order: nobody used it for \d+ s$/)
    assert.deepEqual(
      [...new Set(warningsOf(hub).map(({ about, limitSeconds }) => `${about} ${limitSeconds}`))],
      ['idle 2'],
    )
    assert.equal(await run.ended, 0)
  })

  it('leaves one alone that is used, and one whose warning nobody can see', async () => {
    await using hub = await hubWithStub({ claim: { idle } })
    hub.deafTo = 'heartbeats'
    await using run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)
    const warnings = () => run.output().split('warning: idle').length - 1
    await until('a warning, for nobody', () => warnings() === 1)
    await ask(hub, port, `${prefix}x`)
    await until('the warning is off', () => run.output().includes('what was warned of is off'))
    await until('another one', () => warnings() === 2)
    const since = Date.now()
    await until('more than its time', () => Date.now() - since > 5_000)
    assert.doesNotMatch(run.output(), /batchway: ending/)

    hub.deafTo = 'nothing'
    assert.equal((await untilExit(hub)).why, 'idle', 'control: with a hub it ends')
  })
})

describe('a hub that is away at the end', () => {
  it('gets the exit report when it is back', async () => {
    await using hub = await hubWithStub()
    await using run = startAgent(agent, hub, me)
    const { port } = await untilReady(hub)
    // Without a control group only what was measured while it lived is known.
    const size = 10 * 1024 * 1024
    await until('its size', () => reportsOf(hub, 'heartbeat').some(({ usage }) => (usage.memoryBytes ?? 0) > size))
    await hub.pause()
    await ask(hub, port, `${prefix}die`)
    await until('it cannot be told', () => run.output().includes('the application ended with status 3'))
    await hub.resume()
    const exit = await untilExit(hub)
    assert.deepEqual([exit.why, exit.exitCode], ['application', 3])
    assert.ok((exit.usage.memoryPeakBytes ?? 0) > size)
    assert.equal(await run.ended, 3)
  })
})

describe('what the job script found', () => {
  const failing = async (change: Partial<JobScriptOrder>, act: (hub: FakeHub) => unknown = () => undefined) => {
    const hub = await hubWithStub({ ticket: { hubPatienceSeconds: 0.5 } })
    await act(hub)
    const path = join(folder.path, canary('script'))
    writeFileSync(path, renderJobScript({ ticket: hub.ticket, agentDir: agent.dir, node: agent.node, ...change }))
    return { hub, start: (env: Record<string, string> = {}) => startAgent(agent, hub, me, env, ['/bin/sh', path]) }
  }

  it('reaches the hub in words, with what the command said', async () => {
    const modules = join(folder.path, 'modules')
    mkdirSync(join(modules, 'init'), { recursive: true })
    writeFileSync(join(modules, 'init/sh'), 'module() { echo "gcc/99 is unknown" >&2; echo "SECRET" >&2; return 1; }\n')
    const { hub, start } = await failing({ modules: ['gcc/99'] })
    await using _hub = hub
    await using run = start({ MODULESHOME: modules })
    const exit = await untilExit(hub)
    assert.deepEqual(
      [exit.why, exit.word, exit.exitCode, exit.message, exit.log],
      [
        'preflight',
        'module-failed',
        66,
        'the module gcc/99 cannot be loaded on this node: gcc/99 is unknown SECRET',
        ['gcc/99 is unknown', 'SECRET'],
      ],
    )
    assert.equal(await run.ended, 66)
    assert.match(run.output(), /\nbatchway: error=module-failed the module gcc\/99 .*\n$/)
    assert.deepEqual(reportsOf(hub, 'listening'), [], 'no application was started')
  })

  it('reaches it where there is no home', async () => {
    const { hub, start } = await failing({})
    await using _hub = hub
    await using run = start({ HOME: '/no/such/home' })
    const exit = await untilExit(hub)
    assert.deepEqual(
      [exit.word, exit.message],
      ['home-missing', 'the home directory is not there on this node: /no/such/home'],
    )
    assert.equal(await run.ended, 60)
  })

  it('is told by the exit status where the hub is away', async () => {
    const { hub, start } = await failing({}, (away) => away.pause())
    await using run = start({ HOME: '/no/such/home' })
    assert.equal(await run.ended, 60)
    assert.match(run.output(), /\nbatchway: error=home-missing .*\n$/)
    await hub.resume()
    await hub[Symbol.asyncDispose]()
  })

  it('is nobody’s business where another job runs the session', async () => {
    const { hub, start } = await failing({}, ({ claimMoods }) => claimMoods.push({ status: 409, code: 'superseded' }))
    await using _hub = hub
    await using run = start({ HOME: '/no/such/home' })
    assert.equal(await run.ended, 0)
    assert.deepEqual(hub.reports, [])
  })
})

/** What is different for an agent in a job of Grid Engine: a job script that others can read, signals and statuses that mean something else. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { claimMark } from './claim-mark.ts'
import { ask, installForTests, ourselves, sharedFolder, startAgent } from './testing/agent-bench.ts'
import { openFakeHub, reportsOf } from './testing/fake-hub.ts'
import { until } from './testing/until.ts'

const folder = sharedFolder()
after(() => folder[Symbol.dispose]())
const agent = installForTests(folder.path)
const me = ourselves(folder.path)
const stub = join(import.meta.dirname, 'testing/stub-app.ts')
const prefix = '/jupyter/user/alice/'
const grid = { SGE_JOB_SPOOL_DIR: '/var/spool/gridengine/execd/n1/active_jobs/7.1' }
const stubbed = { argv: [agent.node, stub, '{port}', prefix] }

describe('an agent whose job script others can read', () => {
  it('leaves its mark in the job’s log before it claims, and not its nonce', async () => {
    await using hub = await openFakeHub({ application: { argv: ['no-such-program'] }, ticket: { mark: true } })
    await using run = startAgent(agent, hub, me)
    await run.ended
    const nonce = hub.claims[0]?.nonce ?? ''
    assert.match(nonce, /^[0-9a-f]{32}$/)
    assert.equal(run.output().split('\n')[0], claimMark(nonce))
    assert.equal(run.output().includes(nonce), false)
  })
  it('leaves none where the script is private', async () => {
    await using hub = await openFakeHub({ application: { argv: ['no-such-program'] } })
    await using run = startAgent(agent, hub, me)
    await run.ended
    assert.equal(run.output().includes(claimMark(hub.claims[0]?.nonce ?? '')), false)
  })
})

describe('an agent in a job of Grid Engine', () => {
  it('goes on when it is told that the job is about to be suspended, and ends when it is about to be killed', async () => {
    await using hub = await openFakeHub({ application: stubbed })
    await using run = startAgent(agent, hub, me, grid)
    const ready = await until('ready', () => reportsOf(hub, 'ready')[0])
    run.child.kill('SIGUSR1')
    assert.equal((await ask(hub, ready.port, `${prefix}x`)).status, 200)
    const beats = reportsOf(hub, 'heartbeat').length
    await until('two more heartbeats', () => reportsOf(hub, 'heartbeat').length >= beats + 2)
    assert.equal(reportsOf(hub, 'exit').length, 0)
    run.child.kill('SIGUSR2')
    assert.equal(await run.ended, 0)
    assert.equal(reportsOf(hub, 'exit')[0]?.why, 'stopped')
  })
  // Suspended kernels were lost: the warning goes to all processes of the job, and its default is to end them.
  for (const [where, environment, want] of [
    ['there', grid, [...'12'].map((digit) => `SIGUSR${digit}`)],
    ['elsewhere', {}, []],
  ] as const)
    it(`has applications, and their children, that ${where === 'there' ? 'ignore' : 'do not ignore'} such warnings ${where}`, async () => {
      // A server with a handler of its own has children with the default again, unless the signal is blocked.
      const shows = 'trap : USR1; sed -n "s/^Sig\\(Blk\\|Ign\\):/ignored/p" /proc/self/status; exit 0'
      await using hub = await openFakeHub({ application: { argv: ['sh', '-c', shows] } })
      await using run = startAgent(agent, hub, me, environment)
      await run.ended
      const masks = [...run.output().matchAll(/ignored\s+([0-9a-f]+)/g)].map(([, digits]) => BigInt(`0x${digits}`))
      assert.equal(masks.length, 2)
      const mask = masks.reduce((all, each) => all | each, 0n)
      const bits = { SIGUSR1: 10n, SIGUSR2: 12n }
      const ignored = Object.entries(bits).filter(([, number]) => (mask >> (number - 1n)) & 1n)
      assert.deepEqual(
        ignored.map(([name]) => name),
        want,
      )
    })
  for (const status of [99, 100])
    it(`does not end with ${status}, which is an order there, though the application does`, async () => {
      await using hub = await openFakeHub({ application: { argv: ['sh', '-c', `exit ${status}`] } })
      await using run = startAgent(agent, hub, me, grid)
      assert.equal(await run.ended, 1)
      const [exit] = reportsOf(hub, 'exit')
      assert.deepEqual([exit?.why, exit?.exitCode], ['application', status])
    })
})

/** A job that the scheduler starts again, on real Slurm: the session is followed through it, with one application at a time. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import type { SessionView } from './support/api.ts'
import { assertOneApplication, strangers, untilNothingIsLeft } from './support/machine-check.ts'
import { openStubSite, type StubSite } from './support/stub-site.ts'
import { replayTraces, routePath, routesOf } from './support/traces.ts'
import { until } from './support/until.ts'

const scontrol = (...words: string[]): string => execFileSync('scontrol', words, { encoding: 'utf8' })

describe('a session', () => {
  let stub: StubSite
  before(async () => {
    stub = await openStubSite({ instance: 'm6', profiles: { again: { requeue: true } } })
  })
  after(async () => {
    await stub?.[Symbol.asyncDispose]()
  })

  const answerOf = async (session: SessionView): Promise<string> => {
    const { status, body } = await stub.open(session)
    return `${status} ${body.split(' ')[0]}`
  }

  /** What the hub answers to an application's credentials, at the address that applications are given. */
  async function statusWith(token: string): Promise<number> {
    const config: { hub: { internal: string[] } } = parse(readFileSync(stub.site.configFile, 'utf8'))
    const url = `http://${config.hub.internal[0]}/hub/api/user`
    const answer = await fetch(url, { headers: { authorization: `token ${token}` } })
    await answer.arrayBuffer()
    return answer.status
  }

  it('a job that is started again loses route and credentials, and has new ones when it is ready again', async () => {
    await stub.request('alice', 'again', 'again')
    const ready = await stub.untilState('alice', 'again', 'ready')
    const [first] = stub.startsOf(ready)
    assert.ok(first)
    await until('it answers', async () => (await answerOf(ready)) === `200 ${first.pid}`)
    const oldToken = stub.tokenOf('alice', first.pid)
    assert.equal(await statusWith(oldToken), 200)
    assert.ok((await routesOf(stub.site)).includes(routePath(ready)))

    const from = performance.now()
    scontrol('requeue', ready.job_id ?? '')
    await until('the route is gone', async () => !(await routesOf(stub.site)).includes(routePath(ready)), 60_000)
    const routeMs = Math.round(performance.now() - from)
    await stub.untilIs('alice', 'again', 'in the queue again', ({ state }) => state === 'queued')
    await until('the old credentials are refused', async () => (await statusWith(oldToken)) === 403)
    const refusedMs = Math.round(performance.now() - from)
    // Slurm lets a job that is started again wait for two minutes; within the second of its end its node would refuse it ("already killed").
    scontrol('update', `JobId=${ready.job_id}`, 'StartTime=now+4')
    const again = await stub.untilState('alice', 'again', 'ready', 150_000)
    console.log(JSON.stringify({ requeued: true, routeMs, refusedMs, readyMs: Math.round(performance.now() - from) }))
    assert.equal(again.id, ready.id)
    assert.equal(again.job_id, ready.job_id)
    assertOneApplication(stub, again, { starts: 2 })
    const second = stub.startsOf(again)[1]
    await until('the second one answers', async () => (await answerOf(again)) === `200 ${second?.pid}`)
    assert.equal(await statusWith(stub.tokenOf('alice', second?.pid ?? 0)), 200)
    assert.equal(await statusWith(oldToken), 403)
    await stub.stop(again)
    const ended = await stub.untilState('alice', 'again', 'ended')
    assertOneApplication(stub, ended, { starts: 2 })
    await untilNothingIsLeft(stub, ended)
    assert.deepEqual(strangers(stub), [])
    assert.equal(replayTraces(stub.site), 1)
  })
})

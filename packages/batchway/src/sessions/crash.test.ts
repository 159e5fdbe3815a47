import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Session } from './session.ts'
import { openBench, sampleSpec } from './testing/bench.ts'
import { openWorld } from './testing/fake-world.ts'

/**
 * One life of a session, with a hub that dies at its n-th call of anything, before or after the call took effect, and another
 * hub ten seconds later.
 */
async function liveThrough(calls: number, when: 'before' | 'after') {
  await using bench = await openBench()
  const world = openWorld(bench)
  await world.boot()
  world.life?.dieAfter(calls, when)
  const restart = async (): Promise<void> => {
    if (!world.life?.isOver) return
    await bench.clock.advance(10_000)
    await world.boot()
  }
  const ask = async <T>(act: () => Promise<T> | undefined): Promise<T | undefined> => {
    const asked = Promise.race([act(), world.life?.over.then(() => undefined)])
    await bench.clock.advance(1_000)
    const answer = await asked.catch(() => undefined)
    await restart()
    return answer
  }
  const latest = (): Promise<Session | null> => bench.stores.sessions.findLatest(bench.alice.id, '')

  await ask(() => world.hub?.start(bench.alice, '', sampleSpec()))
  // Whoever got no answer looks at the page, and clicks again if there is nothing.
  if (!(await latest())) await ask(() => world.hub?.start(bench.alice, '', sampleSpec()))
  await world.run(180, restart)
  const middle = await latest()
  const route = bench.proxy.table.get('/jupyter/user/alice')
  const session = middle?.id ?? ''
  await ask(() => world.hub?.stop(session, 'alice'))
  if ((await latest())?.facts.state === 'ready') await ask(() => world.hub?.stop(session, 'alice'))
  await world.run(180, restart)

  return {
    callsMade: world.life?.calls ?? 0,
    state: middle?.facts.state,
    hasRoute: route !== undefined,
    applications: world.applications.length,
    jobsSent: bench.cluster.requests.length,
    jobsLeft: [...bench.cluster.jobs.values()].filter(({ phase }) => phase !== 'ended').length,
    ended: (await latest())?.facts,
    routesLeft: [...bench.proxy.table.keys()].filter((path) => path !== '/'),
    errors: bench.said.filter(({ level }) => level === 'error'),
  }
}

describe('a hub that is killed', () => {
  it('between any two steps of a session’s life leaves one application, and in the end nothing', async () => {
    const whole = await liveThrough(Number.POSITIVE_INFINITY, 'before')
    assert.ok(whole.callsMade > 30)
    // Beyond the ready session there are only quiet polls; the stop is near the end.
    const moments = new Set<number>()
    const isBusyPart = (calls: number): boolean => calls < 45 || calls > whole.callsMade - 45
    for (let calls = 0; calls < whole.callsMade; calls += isBusyPart(calls) ? 1 : 10) moments.add(calls)
    for (const calls of moments) {
      for (const when of ['before', 'after'] as const) {
        const life = await liveThrough(calls, when)
        const { ended, callsMade: _, ...rest } = life
        assert.deepEqual(
          rest,
          {
            state: 'ready',
            hasRoute: true,
            applications: 1,
            jobsSent: 1,
            jobsLeft: 0,
            routesLeft: [],
            errors: [],
          },
          `killed ${when} call ${calls}`,
        )
        assert.ok(ended?.state === 'ended' && ended.outcome.code === 'stopped-by-user', `killed ${when} call ${calls}`)
      }
    }
  })
})

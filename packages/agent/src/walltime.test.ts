import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeClock } from './testing/fake-clock.ts'
import { openWalltime, type Walltime } from './walltime.ts'

const order = { warnSeconds: [900, 300, 60], leaveSeconds: 25 }
const limitOf = ({ warning }: Walltime) => warning?.limitSeconds
const minutes = (count: number) => count * 60_000

/** Pass time as the agent does: with a look every second. */
async function watched(clock: ReturnType<typeof fakeClock>, walltime: Walltime, ms: number) {
  const seen: [limit: number, secondsToEnd: number][] = []
  for (let at = 0; at < ms; at += 1_000) {
    await clock.advance(1_000)
    const { warning, leftMs } = walltime
    if (warning && seen.at(-1)?.[0] !== warning.limitSeconds)
      seen.push([warning.limitSeconds, Math.round((leftMs ?? 0) / 1000)])
  }
  return seen
}

describe('the walltime', () => {
  it('is warned of at each limit before the application is closed, and closed before it is over', async () => {
    const clock = fakeClock()
    const walltime = openWalltime(order, clock)
    walltime.learn(minutes(20))
    assert.equal(limitOf(walltime), undefined)
    assert.deepEqual(await watched(clock, walltime, minutes(20) - 26_000), [
      [900, 925],
      [300, 325],
      [60, 85],
    ])
    assert.equal(walltime.isDue, false)
    await clock.advance(1_000)
    assert.equal(walltime.isDue, true)
    assert.equal(walltime.leftMs, 25_000)
  })

  it('says how long the application has left, which is never less than nothing', () => {
    const walltime = openWalltime(order, fakeClock())
    for (const [left, endsInSeconds] of [
      [85_000, 60],
      [55_500, 30.5],
      [25_000, 0],
      [1_000, 0],
    ] as const) {
      walltime.learn(left)
      assert.deepEqual(walltime.warning, { about: 'walltime', limitSeconds: 60, endsInSeconds })
    }
  })

  it('means nothing before the hub has told it', async () => {
    const clock = fakeClock()
    const walltime = openWalltime(order, clock)
    walltime.learn(null)
    await watched(clock, walltime, minutes(60))
    assert.deepEqual([walltime.leftMs, walltime.warning, walltime.isDue], [null, null, false])
  })

  it('follows the hub: a later end takes the warning back, an earlier one brings it', () => {
    const walltime = openWalltime(order, fakeClock())
    walltime.learn(minutes(4))
    assert.equal(limitOf(walltime), 300)
    walltime.learn(minutes(60))
    assert.equal(limitOf(walltime), undefined)
    walltime.learn(minutes(1))
    assert.equal(limitOf(walltime), 60)
    walltime.learn(null)
    assert.equal(limitOf(walltime), 60, 'no news is not "no end"')
  })

  it('goes on by itself while the hub is away', async () => {
    const clock = fakeClock()
    const walltime = openWalltime(order, clock)
    walltime.learn(minutes(10))
    await watched(clock, walltime, minutes(9.6))
    assert.equal(walltime.isDue, true)
  })

  it('is not counted by the clock of the machine', async () => {
    for (const hours of [-5, 5]) {
      const clock = fakeClock()
      const walltime = openWalltime(order, clock)
      walltime.learn(minutes(60))
      clock.setNow(clock.now() + hours * minutes(60))
      await watched(clock, walltime, 2_000)
      assert.equal(walltime.leftMs, minutes(60) - 2_000)
    }
  })

  it('moves on by the time that the job was suspended, whatever the hub still says for a while', async () => {
    const clock = fakeClock()
    const walltime = openWalltime(order, clock)
    walltime.learn(minutes(10))
    await clock.suspend(minutes(30))
    assert.deepEqual([walltime.leftMs, walltime.isDue], [minutes(10), false])
    walltime.learn(-minutes(20)) // what the hub heard before the job went on
    assert.equal(walltime.isDue, false)
    walltime.learn(minutes(11))
    assert.equal(walltime.leftMs, minutes(11), 'a later end is believed at once')
    await watched(clock, walltime, 90_000)
    walltime.learn(minutes(2))
    assert.equal(walltime.leftMs, minutes(2), 'by now the scheduler has been asked again')
  })

  it('is not believed at first when the hub tells it only after a suspension', async () => {
    const clock = fakeClock()
    const walltime = openWalltime(order, clock)
    await clock.suspend(minutes(30))
    walltime.learn(-minutes(20))
    assert.equal(walltime.isDue, false)
    await watched(clock, walltime, 90_000)
    walltime.learn(minutes(8))
    assert.equal(walltime.leftMs, minutes(8))
  })
})

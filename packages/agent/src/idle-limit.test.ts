import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type IdleLimit, openIdleLimit, type Sign } from './idle-limit.ts'
import { type FakeClock, fakeClock } from './testing/fake-clock.ts'

const endsIn = ({ warning }: IdleLimit) => warning?.endsInSeconds

/** Two minutes of quiet, the last forty seconds of them with a warning, a look every six seconds. */
function open(): { clock: FakeClock; limit: IdleLimit; looks: (count: number, sign: Sign) => Promise<void> } {
  const clock = fakeClock()
  const limit = openIdleLimit({ seconds: 120, warnSeconds: 40 }, clock, 16_000)
  const looks = async (count: number, sign: Sign) => {
    for (let look = 0; look < count; look++) {
      await clock.advance(6_000)
      limit.look(sign)
    }
  }
  return { clock, limit, looks }
}

describe('the idle limit', () => {
  it('warns first, and ends when the warning has been seen for its time', async () => {
    const { limit, looks } = open()
    await looks(13, 'quiet')
    assert.equal(endsIn(limit), undefined)
    await looks(1, 'quiet')
    assert.deepEqual(limit.warning, { about: 'idle', limitSeconds: 40, endsInSeconds: 40 })
    limit.told()
    await looks(6, 'quiet')
    assert.deepEqual([endsIn(limit), limit.isDue], [4, false])
    await looks(1, 'quiet')
    assert.deepEqual([limit.isDue, limit.quietMs >= 120_000, endsIn(limit)], [true, true, 0])
  })

  it('warns and ends at the very moment that it was set to', async () => {
    const clock = fakeClock()
    const limit = openIdleLimit({ seconds: 120, warnSeconds: 60 }, clock, 60_000)
    await clock.advance(60_000)
    limit.look('quiet')
    assert.equal(endsIn(limit), 60)
    limit.told()
    await clock.advance(60_000)
    limit.look('quiet')
    assert.equal(limit.isDue, true)
  })

  it('ends nothing unsaid, also where no time is left between warning and end', () => {
    const limit = openIdleLimit({ seconds: 120, warnSeconds: 0 }, fakeClock(), 16_000)
    assert.equal(limit.isDue, false)
  })

  it('never ends a session whose warning the hub has not taken', async () => {
    const { limit, looks } = open()
    await looks(1_000, 'quiet')
    assert.deepEqual([limit.isDue, endsIn(limit)], [false, 40])
    limit.told()
    await looks(7, 'quiet')
    assert.equal(limit.isDue, true)
  })

  it('begins anew with every use, also during the warning', async () => {
    const { limit, looks } = open()
    await looks(15, 'quiet')
    limit.told()
    await looks(3, 'quiet')
    await looks(1, 'used')
    assert.deepEqual([limit.quietMs, limit.warning, limit.isDue], [0, null, false])
    limit.told() // the answer to an older heartbeat
    await looks(14, 'quiet')
    assert.equal(endsIn(limit), 40)
    await looks(20, 'quiet')
    assert.equal(limit.isDue, false, 'the new warning has not been told')
  })

  it('does not call idle what it cannot ask', async () => {
    const { limit, looks } = open()
    await looks(1_000, 'unknown')
    assert.equal(limit.quietMs, 0)
    await looks(10, 'quiet')
    await looks(1_000, 'unknown')
    assert.equal(limit.quietMs, 60_000)
  })

  it('does not count a suspension, nor a clock that is set', async () => {
    const { clock, limit, looks } = open()
    await looks(10, 'quiet')
    await clock.suspend(86_400_000)
    limit.look('quiet')
    clock.setNow(clock.now() + 86_400_000)
    await looks(1, 'quiet')
    assert.equal(limit.quietMs, 60_000 + 16_000 + 6_000)
    assert.equal(limit.isDue, false)
  })
})

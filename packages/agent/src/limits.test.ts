import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openActivity } from './activity.ts'
import type { Sign } from './idle-limit.ts'
import { openLimits } from './limits.ts'
import type { ClaimReply, WarningReport } from './protocol.ts'
import type { StopReason } from './stop-reason.ts'
import { fakeClock } from './testing/fake-clock.ts'

const walltime = { warnSeconds: [300, 60], leaveSeconds: 25 }
const idle = { seconds: 120, warnSeconds: 40, activity: 'jupyter' } as const

/** @param hubAhead milliseconds by which the hub's clock is ahead of the node's. */
function open(claim: Partial<ClaimReply>, { hubAhead = 0, wallSeconds = 600, tellsNow = true } = {}) {
  const clock = fakeClock()
  const activity = openActivity(clock)
  const ends: StopReason[] = []
  const told: WarningReport[][] = []
  const said: string[] = []
  const stop = new AbortController()
  const now = clock.now() + hubAhead
  const limits = openLimits(
    { endsAt: now + wallSeconds * 1000, ...(tellsNow && { now }), ...claim },
    {
      clock,
      activity,
      log: (line) => said.push(line),
      onEnd: (reason) => {
        ends.push(reason)
        stop.abort()
      },
      onWarnings: () => told.push([...limits.warnings]),
    },
  )
  return { clock, activity, limits, ends, told, said, signal: stop.signal }
}

describe('limits', () => {
  it('announces each limit of the walltime once, then ends before it', async () => {
    const { clock, limits, ends, told, signal } = open({ walltime })
    void limits.watchWalltime(signal)
    await clock.advance(574_000)
    assert.deepEqual(
      told.map((all) => all.map(({ limitSeconds }) => limitSeconds)),
      [[300], [60]],
    )
    assert.equal(ends.length, 0)
    await clock.advance(1_000)
    assert.deepEqual([ends.length, ends[0]?.why, ends[0]?.words], [1, 'walltime', 'the walltime is over in 25 s'])
  })

  it('believes no clock but the hub’s own', async () => {
    for (const hubAhead of [-3_600_000, 3_600_000]) {
      const { limits } = open({ walltime }, { hubAhead })
      assert.equal(limits.leftSeconds, 600)
    }
  })

  it('takes an older hub’s end by the clock of the node', () => {
    const { limits } = open({ walltime }, { tellsNow: false })
    assert.equal(limits.leftSeconds, 600)
  })

  it('knows no end where the hub knows none', async () => {
    const { clock, limits, ends, told, signal } = open({ walltime, endsAt: null })
    void limits.watchWalltime(signal)
    await clock.advance(3_600_000)
    assert.deepEqual([ends, told, limits.leftSeconds, limits.isWalltimeOver], [[], [], null, false])
  })

  it('leaves the end to the scheduler where the hub gives no order', async () => {
    const { clock, limits, ends, told, signal } = open({})
    void limits.watchWalltime(signal)
    assert.equal(limits.isWalltimeOver, false)
    await clock.advance(900_000)
    assert.deepEqual([ends, told, limits.isWalltimeOver, limits.leftSeconds], [[], [], true, 0])
  })

  it('ends an unused session when it has been warned', async () => {
    const { clock, limits, ends, told, signal } = open({ idle }, { wallSeconds: 36_000 })
    const looks: Sign[] = []
    void limits.watchUse(async () => (looks.push('quiet') === 1 ? 'used' : 'quiet'), signal)
    await clock.advance(90_000)
    assert.equal(told.length, 1)
    await clock.advance(3_600_000)
    assert.equal(ends.length, 0, 'the hub has not taken the warning')
    limits.told(limits.warnings)
    await clock.advance(60_000)
    assert.deepEqual(
      ends.map(({ why }) => why),
      ['idle'],
    )
    const [, seconds] = /^nobody used it for (\d+) s$/.exec(String(ends[0])) ?? []
    assert.ok(Number(seconds) > 3_600 && Number(seconds) < 3_800)
  })

  it('has no end for an unused session that the hub was only told of its walltime', async () => {
    const { clock, limits, ends, told, signal } = open({ idle, walltime }, { wallSeconds: 5_000 })
    void limits.watchUse(async () => 'quiet', signal)
    await clock.advance(4_800_000)
    const both = limits.warnings
    assert.deepEqual(
      both.map(({ about }) => about),
      ['walltime', 'idle'],
    )
    limits.told(both.filter(({ about }) => about === 'walltime'))
    await clock.advance(100_000)
    assert.equal(ends.length, 0)
    limits.told(both)
    await clock.advance(50_000)
    assert.deepEqual([ends[0]?.why, told.length > 0], ['idle', true])
  })

  it('does not look for use without an idle limit', async () => {
    const { limits, signal } = open({ walltime })
    await limits.watchUse(() => assert.fail('nobody is asked'), signal)
  })

  it('knows traffic alone for use where nobody can be asked', async () => {
    const { clock, activity, limits, told, signal } = open({ idle }, { wallSeconds: 36_000 })
    void limits.watchUse(null, signal)
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60_000)
      activity.touch()
    }
    assert.equal(told.length, 0)
    await clock.advance(90_000)
    assert.equal(told.length, 1)
  })

  it('tells when the application said that it was used', async () => {
    const { clock, activity, limits, signal } = open({ idle }, { wallSeconds: 36_000 })
    let sign: Sign = 'quiet'
    void limits.watchUse(async () => sign, signal)
    await clock.advance(30_000)
    assert.equal(activity.lastAt, null)
    sign = 'used'
    await clock.advance(30_000)
    assert.ok(activity.lastAt !== null)
  })

  for (const [seconds, looks] of [
    [10, 60],
    [120, 10],
    [7_200, 1],
  ] as const)
    it(`looks ${looks} times a minute where ${seconds} s are the limit`, async () => {
      const { clock, limits, signal } = open({ idle: { ...idle, seconds } }, { wallSeconds: 36_000 })
      let asked = 0
      void limits.watchUse(async () => {
        asked += 1
        return 'used'
      }, signal)
      await clock.advance(59_999)
      assert.equal(asked, looks)
    })

  it('takes traffic for use, and takes the warning back', async () => {
    const { clock, activity, limits, ends, told, said, signal } = open({ idle }, { wallSeconds: 36_000 })
    void limits.watchUse(async () => 'quiet', signal)
    await clock.advance(90_000)
    limits.told(limits.warnings)
    activity.touch()
    await clock.advance(90_000)
    assert.deepEqual(
      told.map((all) => all.length),
      [1, 0, 1],
    )
    assert.equal(ends.length, 0)
    assert.deepEqual(said, ['warning: idle, ends in 40 s', 'what was warned of is off', 'warning: idle, ends in 40 s'])
  })

  it('does not ask Jupyter where only traffic counts, and then ends a session that computes', async () => {
    const order = { ...idle, activity: 'traffic' } as const
    const { clock, limits, ends, signal } = open({ idle: order }, { wallSeconds: 36_000 })
    let asked = 0
    const look = async (): Promise<Sign> => {
      asked += 1
      return 'used'
    }
    void limits.watchUse(look, signal)
    await clock.advance(90_000)
    limits.told(limits.warnings)
    await clock.advance(90_000)
    assert.deepEqual([asked, ends[0]?.why], [0, 'idle'])

    const control = open({ idle }, { wallSeconds: 36_000 })
    void control.limits.watchUse(look, control.signal)
    await control.clock.advance(3_600_000)
    assert.deepEqual([control.ends, control.told], [[], []])
  })
})

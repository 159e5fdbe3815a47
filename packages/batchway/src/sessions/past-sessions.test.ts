import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openPastSessions, pastDays } from './past-sessions.ts'
import type { PastSession } from './past-store.ts'

const day = 86_400_000
const session = (id: string, endedAt: number): PastSession => ({
  id,
  userId: 1,
  userName: 'alice',
  createdAt: endedAt - 60_000,
  startedAt: null,
  readyAt: null,
  endedAt,
  cluster: 'larch',
  partition: null,
  profile: 'Lab',
  code: 'finished',
})

function bed() {
  const rows: PastSession[] = []
  const asked: number[] = []
  let turns = 0
  const clock = { now: 100 * day }
  const past = openPastSessions({
    now: () => clock.now,
    turns: {
      next: async () => void turns++,
      run: (act) => act(),
    },
    store: {
      async listEndedAfter(after, limit) {
        const fits = rows
          .filter(({ endedAt, id }) => endedAt > after.endedAt || (endedAt === after.endedAt && id > after.id))
          .sort((a, b) => a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1))
          .slice(0, limit)
        asked.push(fits.length)
        return fits
      },
    },
  })
  const ids = async () => (await past.list()).map(({ id }) => id).sort()
  return { rows, asked, clock, past, ids, turns: () => turns }
}

describe('what ended in the last days', () => {
  it('is read in small pieces, each in a turn of its own, and only once', async () => {
    const { rows, asked, past, turns } = bed()
    // Ends of the same moment lie across the pieces.
    for (let n = 0; n < 1_234; n++) rows.push(session(`s${n}`, 100 * day - (n % 40) * 1_000))
    const [one, other] = await Promise.all([past.list(), past.list()])
    assert.equal(one.length, 1_234)
    assert.equal(other, one)
    assert.equal(new Set(one.map(({ id }) => id)).size, 1_234)
    assert.ok(Math.max(...asked) <= 50)
    assert.equal(turns(), asked.length)
  })

  it('is asked again for what is new alone, and not within ten seconds', async () => {
    const { rows, asked, clock, ids } = bed()
    for (let n = 0; n < 500; n++) rows.push(session(`s${n}`, clock.now - (n + 1) * 120_000))
    await ids()
    asked.length = 0
    rows.push(session('new', clock.now + 500))
    clock.now += 5_000
    assert.equal((await ids()).includes('new'), false)
    assert.deepEqual(asked, [])
    clock.now += 6_000
    assert.equal((await ids()).includes('new'), true)
    assert.deepEqual(asked, [1])
  })

  it('finds what was written a little after the time that it names', async () => {
    const { rows, clock, ids } = bed()
    rows.push(session('one', clock.now - 1_000))
    await ids()
    rows.push(session('late', clock.now - 20_000))
    clock.now += 30_000
    assert.deepEqual(await ids(), ['late', 'one'])
  })

  it('forgets what is older, and everything when nobody has looked for a while', async () => {
    const { rows, asked, clock, ids } = bed()
    rows.push(session('old', clock.now - pastDays * day + 60_000), session('young', clock.now - 1_000))
    assert.deepEqual(await ids(), ['old', 'young'])
    clock.now += 120_000
    assert.deepEqual(await ids(), ['young'])
    asked.length = 0
    clock.now += 3_600_000
    assert.deepEqual(await ids(), ['young'])
    assert.deepEqual(asked, [1])
  })

  it('asks again after a failure', async () => {
    let fails = true
    const past = openPastSessions({
      now: () => day,
      store: { listEndedAfter: async () => (fails ? Promise.reject(new Error('away')) : []) },
    })
    await assert.rejects(past.list(), /away/)
    fails = false
    assert.deepEqual(await past.list(), [])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobStatus, toJobId } from '@batchway/schedulers'
import { plainOutcome } from './decide-outcome.ts'
import type { MachineEvent, Order } from './lifecycle.ts'
import { openRoom } from './room.ts'
import type { LiveClaim, Session } from './session.ts'
import { type Bench, insertSession, openBench, type RoomParts } from './testing/bench.ts'

const jobId = toJobId('42')
const id = 'abcdefghj'
const claim: LiveClaim = { id: 'c1', jobId, restart: 0, node: 'n1' }
const accepted: MachineEvent = { type: 'accepted', jobId }
const claimed: MachineEvent = { type: 'claimed', claim, attempt: 1, at: 1 }
const answered: MachineEvent = { type: 'answered', claimId: 'c1', host: 'n1', port: 4_000 }
const stop: MachineEvent = { type: 'stop', because: plainOutcome('stopped-by-user', { by: 'alice' }) }
const seen = (change: Partial<JobStatus> = {}): MachineEvent => ({
  type: 'observed',
  status: { id: jobId, name: 'b00abcdefghj01', phase: 'running', rawState: 'R', restarts: 0, host: 'n1', ...change },
  askedAt: 1,
})

/** A room whose orders are written down, with one session in it. */
async function openTestRoom(bench: Bench, parts: Partial<RoomParts> = {}) {
  const orders: Order[] = []
  const room = openRoom({ ...bench.parts, ...parts }, async (order) => void orders.push(order))
  room.adopt(await insertSession(bench))
  const eventsOf = async () => (await bench.stores.sessions.listEvents(id)).map(({ type }) => type)
  return { room, orders, eventsOf }
}

/** The bench's store, with calls counted by name. */
function counting(bench: Bench): { store: RoomParts['store']; calls: string[] } {
  const calls: string[] = []
  const store = new Proxy(bench.stores.sessions, {
    get(target, name, receiver) {
      calls.push(String(name))
      return Reflect.get(target, name, receiver)
    },
  })
  return { store, calls }
}

describe('apply', () => {
  it('saves what the machine says, tells it and carries the orders out', async () => {
    await using bench = await openBench()
    const { room, orders, eventsOf } = await openTestRoom(bench)
    const told: string[] = []
    room.subscribe(bench.alice.id, ({ facts }) => told.push(facts.state))

    await room.apply(id, accepted)
    await room.apply(id, stop)

    const row = await bench.stores.sessions.find(id)
    assert.equal(row?.facts.state, 'stopping')
    assert.deepEqual(row, room.active.get(id))
    assert.deepEqual(told, ['queued', 'stopping'])
    assert.deepEqual(orders, ['removeRoute', 'cancelJob'])
    assert.deepEqual(await eventsOf(), ['queued', 'stopping'])
  })

  it('knows no session that is not there', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    assert.equal(await room.apply('nobody', accepted), null)
  })

  it('hears of no claim of another attempt than the row’s', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    await room.apply(id, { type: 'resubmitted', attempt: 2 })
    assert.equal((await room.apply(id, claimed))?.facts.state, 'submitting')
    assert.equal((await room.apply(id, { type: 'claimed', claim, attempt: 2, at: 1 }))?.facts.state, 'starting')
  })

  it('decides again on the row when somebody else has moved it on', async () => {
    await using bench = await openBench()
    const { room, orders } = await openTestRoom(bench)
    const row = await bench.stores.sessions.find(id)
    assert.ok(row)
    await bench.stores.sessions.update(
      { ...row, facts: { state: 'stopping', jobId: null, claim: null, because: plainOutcome('stopped-by-user') } },
      [],
    )

    const after = await room.apply(id, accepted)

    assert.ok(after?.facts.state === 'stopping' && after.facts.jobId === jobId)
    assert.deepEqual(orders, ['cancelJob'])
  })

  it('drops a session from its copy that somebody else has ended', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    const row = await bench.stores.sessions.find(id)
    assert.ok(row)
    await bench.stores.sessions.update({ ...row, facts: { state: 'ended', outcome: plainOutcome('lost') } }, [])

    await room.apply(id, accepted)

    assert.equal(room.active.has(id), false)
  })

  it('loses neither of two events that cross: a stop and the id of the job', async () => {
    await using bench = await openBench()
    for (const order of [
      [stop, accepted],
      [accepted, stop],
    ] as const) {
      await using each = await openBench()
      const { room, orders } = await openTestRoom(each)
      await Promise.all(order.map((event) => room.apply(id, event)))
      const { facts } = (await each.stores.sessions.find(id)) ?? {}
      assert.ok(facts?.state === 'stopping' && facts.jobId === jobId)
      assert.ok(orders.includes('cancelJob'))
    }
    assert.deepEqual(bench.said, [])
  })

  it('repeats the orders of an event that changes nothing: they may have been lost in a crash', async () => {
    await using bench = await openBench()
    const { room, orders } = await openTestRoom(bench)
    for (const event of [accepted, claimed, answered]) await room.apply(id, event)
    orders.length = 0

    await room.apply(id, answered)

    assert.deepEqual(orders, ['addRoute'])
  })

  it('goes on although a listener fails', async () => {
    await using bench = await openBench()
    const { room, orders } = await openTestRoom(bench)
    room.subscribe('all', () => {
      throw new Error('the page is gone')
    })
    await room.apply(id, accepted)
    await room.apply(id, stop)
    assert.deepEqual(orders, ['removeRoute', 'cancelJob'])
    assert.equal(bench.said.length, 2)
  })

  it('asks the store nothing for polls that tell nothing new, and writes no line for a number that moved', async () => {
    await using bench = await openBench()
    const { store, calls } = counting(bench)
    const { room, eventsOf } = await openTestRoom(bench, { store })
    await room.apply(id, accepted)
    const wait = (at: number) => seen({ phase: 'pending', reason: 'Priority', estimatedStartAt: at })
    await room.apply(id, wait(1_000_000))
    const before = await eventsOf()
    calls.length = 0

    for (let poll = 0; poll < 100; poll += 1) await room.apply(id, wait(1_000_000 + poll * 500))
    assert.deepEqual(calls, [])

    await room.apply(id, wait(9_000_000))
    assert.deepEqual(calls, ['update'])
    assert.deepEqual(await eventsOf(), before)

    await room.apply(id, seen({ phase: 'pending', reason: 'Resources', estimatedStartAt: 9_000_000 }))
    assert.equal((await eventsOf()).length, before.length + 1)
  })
})

describe('the times of a session', () => {
  it('are those when each state was first reached', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    const { clock } = bench
    const at: number[] = []
    for (const event of [accepted, seen(), claimed, answered, stop, { type: 'vanished', end: null } as const]) {
      await clock.advance(1_000)
      at.push(clock.now())
      await room.apply(id, event)
    }
    const row = await bench.stores.sessions.find(id)
    assert.deepEqual([row?.submittedAt, row?.startedAt, row?.readyAt, row?.endedAt], [at[0], at[1], at[3], at[5]])
  })

  it('leave out the submit of a session that was never submitted', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    await room.apply(id, stop)
    await room.apply(id, { type: 'neverSubmitted', words: '' })
    const row = await bench.stores.sessions.find(id)
    assert.deepEqual([row?.facts.state, row?.submittedAt], ['ended', null])
  })

  it('begin anew when the job does, so that old hours do not count against the new start', async () => {
    const later: LiveClaim = { ...claim, id: 'c2', restart: 1 }
    const ways: Readonly<Record<string, readonly MachineEvent[]>> = {
      'seen waiting': [seen({ phase: 'pending', restarts: 1 }), seen({ restarts: 1 })],
      'seen running': [seen({ restarts: 1 })],
      'claimed before any answer': [{ type: 'claimed', claim: later, attempt: 1, at: 2 }],
    }
    for (const [way, events] of Object.entries(ways)) {
      await using bench = await openBench()
      const { room } = await openTestRoom(bench)
      for (const event of [accepted, seen({ endsAt: 5_000_000 }), claimed, answered]) await room.apply(id, event)
      await bench.clock.advance(3_600_000)
      for (const event of events) await room.apply(id, event)
      const row = await bench.stores.sessions.find(id)
      const { startedAt, readyAt, endsAt } = row ?? {}
      assert.deepEqual(
        { startedAt, readyAt, endsAt },
        { startedAt: bench.clock.now(), readyAt: null, endsAt: null },
        way,
      )
    }
  })

  it('do not move with a second of jitter in the end of the walltime', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    await room.apply(id, accepted)
    await room.apply(id, seen({ endsAt: 1_000_000 }))
    await room.apply(id, seen({ endsAt: 1_001_000 }))
    assert.equal(room.active.get(id)?.endsAt, 1_000_000)
    await room.apply(id, seen({ endsAt: 1_600_000 }))
    assert.equal(room.active.get(id)?.endsAt, 1_600_000)
  })
})

describe('subscribers', () => {
  it('are told of their own sessions, or of all, until they have enough', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    const told: string[] = []
    const ends = [
      room.subscribe(bench.alice.id, () => told.push('alice')),
      room.subscribe(bench.bob.id, () => told.push('bob')),
      room.subscribe('all', () => told.push('all')),
    ]
    await room.apply(id, accepted)
    for (const end of ends) end()
    await room.apply(id, stop)
    assert.deepEqual(told, ['alice', 'all'])
  })
})

describe('activity', () => {
  it('is known at once, only moves forward, and is written down in small portions', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    const second: Session = await insertSession(bench, { id: 'second000', serverName: 'two' })
    room.adopt(second)

    room.touch(id, 2_000)
    room.touch(id, 1_000)
    room.touch(second.id, 3_000)
    assert.equal(room.active.get(id)?.lastActivityAt, 2_000)

    await room.flush(1)
    const written = async (which: string) => (await bench.stores.sessions.find(which))?.lastActivityAt
    assert.deepEqual([await written(id), await written(second.id)], [2_000, null])
    await room.flush(10)
    assert.equal(await written(second.id), 3_000)
  })

  it('survives a change of state that was decided before it', async () => {
    await using bench = await openBench()
    const { room } = await openTestRoom(bench)
    const moving = room.apply(id, accepted)
    room.touch(id, 2_000)
    await moving
    assert.equal(room.active.get(id)?.lastActivityAt, 2_000)
  })
})

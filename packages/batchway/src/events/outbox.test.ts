import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { silentLogger } from '../core/logger.ts'
import { type EventLine, toEventLine } from './event-line.ts'
import { type OutboxParts, openOutbox } from './outbox.ts'

const frame = { instance: 'ab', request: null }
const line = (count: number): EventLine => toEventLine('routes.mended', { count }, { at: count }, frame)

/** A receiver that takes what it is given, hangs, or refuses: as the test says. */
function fakeReceiver() {
  const taken: string[] = []
  const state = { opens: 0, closes: 0, refuses: false, hangs: false }
  let letGo = Promise.withResolvers<void>()
  return {
    taken,
    state,
    hang() {
      state.hangs = true
    },
    goOn() {
      state.hangs = false
      letGo.resolve()
      letGo = Promise.withResolvers()
    },
    async open() {
      state.opens += 1
      if (state.refuses) throw new Error('nobody there')
      return {
        async send(lines: readonly EventLine[]) {
          if (state.hangs) await letGo.promise
          if (state.refuses) throw new Error('gone')
          taken.push(...lines.map((each) => each.text('json')))
        },
        async close() {
          state.closes += 1
          letGo.reject(new Error('closed'))
          letGo.promise.catch(() => {})
          letGo = Promise.withResolvers()
        },
      }
    },
  }
}

function openOne(receiver: ReturnType<typeof fakeReceiver>, change: Partial<OutboxParts> = {}) {
  return openOutbox({
    name: 'test',
    open: receiver.open,
    wants: () => true,
    limit: 5,
    dropLine: ({ count, since }) => toEventLine('events.dropped', { sink: 'test', count, since }, { at: 99 }, frame),
    log: silentLogger,
    now: () => 1_000,
    ...change,
  })
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !isSo(); await delay(5)) assert.ok(Date.now() < end, 'it did not become so')
}
const counts = (lines: readonly string[]): number[] => lines.map((text) => JSON.parse(text).count)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('an outbox', () => {
  it('hands over what is put in, in order, and only what its receiver wants', async () => {
    const receiver = fakeReceiver()
    const box = openOne(receiver, { wants: (name) => name === 'routes.mended', limit: 1_000 })
    for (const count of range(1, 250)) box.put(line(count))
    box.put(toEventLine('hub.stopping', { version: '1' }, { at: 1 }, frame))
    await until(() => receiver.taken.length >= 250)
    assert.deepEqual(counts(receiver.taken), range(1, 250))
    assert.deepEqual(box.stats(), { name: 'test', written: 250, dropped: 0, queued: 0, isUp: true })
    assert.equal(box.oldest(), null)
    await box.close(1_000)
  })

  it('never waits for a receiver that hangs: drops the newest, counts them, and tells of the gap at its place', async () => {
    const receiver = fakeReceiver()
    receiver.hang()
    const box = openOne(receiver)
    for (const count of range(1, 12)) box.put(line(count))
    assert.deepEqual(box.stats(), { name: 'test', written: 0, dropped: 7, queued: 5, isUp: true })
    assert.equal(box.oldest(), 1)
    await until(() => receiver.state.opens === 1)
    receiver.goOn()
    await until(() => receiver.taken.length === 6)
    box.put(line(13))
    await until(() => receiver.taken.length === 7)
    assert.deepEqual(counts(receiver.taken), [1, 2, 3, 4, 5, 7, 13])
    assert.deepEqual(JSON.parse(receiver.taken[5] ?? ''), {
      time: '1970-01-01T00:00:00.099Z',
      event: 'events.dropped',
      sink: 'test',
      count: 7,
      since: '1970-01-01T00:00:00.006Z',
      instance: 'ab',
    })
    await box.close(1_000)
  })

  it('tries again where a receiver refuses, and hands over what waited', async () => {
    const receiver = fakeReceiver()
    receiver.state.refuses = true
    const box = openOne(receiver)
    box.put(line(1))
    await until(() => !box.stats().isUp)
    receiver.state.refuses = false
    await until(() => receiver.taken.length === 1)
    assert.equal(box.stats().isUp, true)
    await box.close(1_000)
  })

  it('hands a batch over once more whose receiver broke under it', async () => {
    const receiver = fakeReceiver()
    const box = openOne(receiver)
    box.put(line(1))
    await until(() => receiver.taken.length === 1)
    receiver.state.refuses = true
    box.put(line(2))
    await until(() => !box.stats().isUp)
    receiver.state.refuses = false
    await until(() => receiver.taken.length === 2)
    assert.deepEqual(counts(receiver.taken), [1, 2])
    assert.ok(receiver.state.closes >= 1)
    await box.close(1_000)
  })

  it('opens anew when it is told to', async () => {
    const receiver = fakeReceiver()
    const box = openOne(receiver)
    box.put(line(1))
    await until(() => receiver.taken.length === 1)
    box.reopen()
    box.put(line(2))
    await until(() => receiver.taken.length === 2)
    assert.deepEqual([receiver.state.opens, receiver.state.closes], [2, 1])
    await box.close(1_000)
  })

  it('hands over what waits before it closes', async () => {
    const receiver = fakeReceiver()
    const box = openOne(receiver)
    for (const count of range(1, 5)) box.put(line(count))
    await box.close(30_000)
    assert.deepEqual(counts(receiver.taken), range(1, 5))
    box.put(line(6))
    assert.equal(box.stats().queued, 0)
  })

  it('closes although its receiver hangs, or is not there', { timeout: 60_000 }, async () => {
    for (const kind of ['hangs', 'refuses'] as const) {
      const receiver = fakeReceiver()
      receiver.state[kind] = true
      const box = openOne(receiver)
      box.put(line(1))
      await until(() => receiver.state.opens === 1)
      await box.close(50)
      assert.equal(box.stats().queued, 1)
    }
  })
})

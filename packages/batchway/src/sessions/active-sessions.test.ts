import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ActiveSessions } from './active-sessions.ts'
import type { Session } from './session.ts'
import { sampleSpec } from './testing/bench.ts'

const session = (id: string, userId: number, version = 1): Session => ({
  id,
  userId,
  userName: `user${userId}`,
  serverName: id,
  account: 'alice',
  spec: sampleSpec(),
  facts: { state: 'submitting' },
  attempt: 1,
  version,
  createdAt: 0,
  submittedAt: null,
  startedAt: null,
  readyAt: null,
  endedAt: null,
  endsAt: null,
  lastActivityAt: null,
})
const idsOf = (sessions: readonly Session[]): readonly string[] => sessions.map(({ id }) => id)

describe('ActiveSessions', () => {
  it('knows each user’s, in the order in which they came, as they are now', () => {
    const active = new ActiveSessions()
    for (const [id, userId] of [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ] as const)
      active.set(id, session(id, userId))
    active.set('a', session('a', 1, 7))

    assert.deepEqual(idsOf(active.of(1)), ['a', 'c'])
    assert.equal(active.of(1)[0]?.version, 7)
    assert.deepEqual(idsOf(active.of(2)), ['b'])
    assert.deepEqual(active.of(3), [])
  })

  it('forgets what has gone', () => {
    const active = new ActiveSessions()
    active.set('a', session('a', 1))
    active.set('b', session('b', 1))
    assert.equal(active.delete('a'), true)
    assert.equal(active.delete('a'), false)
    assert.deepEqual(idsOf(active.of(1)), ['b'])
    active.clear()
    assert.deepEqual(active.of(1), [])
  })

  it('follows a session that became another user’s', () => {
    const active = new ActiveSessions()
    active.set('a', session('a', 1))
    active.set('a', session('a', 2))
    assert.deepEqual(active.of(1), [])
    assert.deepEqual(idsOf(active.of(2)), ['a'])
  })
})

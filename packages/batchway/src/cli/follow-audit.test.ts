import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredAuditEntry } from '../store/audit-store.ts'
import { parseMoment, toJsonLine, toLine } from './audit-lines.ts'
import { followAudit } from './follow-audit.ts'

const entry = (id: number): StoredAuditEntry => ({
  id,
  at: Date.UTC(2026, 0, 31, 12) + id,
  actor: 'alice',
  action: 'session-start',
  object: 'alice/lab',
  address: '192.0.2.7',
  way: 'page',
  outcome: 'ok',
  detail: 'profile small',
})

describe('following the audit log', () => {
  it('shows each entry once, also one that becomes visible after a younger one', async () => {
    const visible = [entry(4), entry(5)]
    const rounds = [[entry(7)], [entry(6), entry(8)], []]
    const shown: number[] = []
    await followAudit({
      store: {
        list: async ({ afterId = 0 }) => visible.filter(({ id }) => id > afterId).sort((a, b) => a.id - b.id),
      },
      filter: {},
      lastId: 5,
      show: ({ id }) => void shown.push(id),
      pause: async () => {
        const next = rounds.shift()
        visible.push(...(next ?? []))
        return next === undefined
      },
    })
    assert.deepEqual(shown, [7, 6, 8])
  })
})

describe('lines of the audit log', () => {
  it('tell a person everything, and a program the same', () => {
    assert.equal(
      toLine(entry(0)),
      '2026-01-31T12:00:00Z  ok       alice         session-start    alice/lab  from 192.0.2.7  by page  (profile small)',
    )
    const { at, ...rest } = entry(0)
    assert.deepEqual(JSON.parse(toJsonLine(entry(0))), { ...rest, at: new Date(at).toISOString() })
  })

  const now = Date.UTC(2026, 1, 2)
  for (const [text, at] of [
    ['2d', Date.UTC(2026, 0, 31)],
    ['1h30m', now - 5_400_000],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2026-01-31T12:00', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31T12:00+02:00', Date.UTC(2026, 0, 31, 10)],
    ['yesterday', null],
    ['2026-13-01', null],
    ['', null],
  ] as const)
    it(`reads ${JSON.stringify(text)}`, () => assert.equal(parseMoment(text, now), at))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Logger, silentLogger } from '../core/logger.ts'
import { auditText, openAudit, toAuditEntry } from './audit.ts'

describe('texts of the audit log', () => {
  it('are printable lines of bounded length, whatever they were', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 2_000 }),
        fc.integer({ min: 1, max: 300 }),
        (text, longest) => {
          const kept = auditText(text, longest)
          assert.ok(kept.length <= Math.max(longest, '(removed)'.length))
          assert.ok(kept.isWellFormed())
          assert.doesNotMatch(kept, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        },
      ),
    ))

  for (const [text, kept] of [
    ['alice', 'alice'],
    ['Zoë Müller 李', 'Zoë Müller 李'],
    ['\u001b[2Jroot', '\ufffd[2Jroot'],
    ['a\nJan 1 root ok', 'a\ufffdJan 1 root ok'],
    ['\u202Etoor', '\ufffdtoor'],
    ['\0', '\ufffd'],
    [`token ${'0a'.repeat(16)}`, 'token (removed)'],
    ['a-long-name-of-words-without-any-number', 'a-long-name-of-words-without-any-number'],
  ] as const)
    it(`keep ${JSON.stringify(text)} as ${JSON.stringify(kept)}`, () => assert.equal(auditText(text, 100), kept))

  it('are cut where they are too long', () => {
    const entry = toAuditEntry({ actor: 'x y '.repeat(1_000), action: 'sign-in', detail: 'ü '.repeat(10_000) }, 7)
    assert.equal(entry.actor.length, 128)
    assert.equal(entry.detail.length, 256)
    assert.ok(entry.detail.endsWith('…'))
  })
})

describe('audit', () => {
  const bench = (fails: boolean) => {
    const lines: [level: string, fields: object, message: string][] = []
    const log: Logger = {
      ...silentLogger,
      info: (fields, message) => void lines.push(['info', fields, message]),
      error: (fields, message) => void lines.push(['error', fields, message]),
    }
    const rows: object[] = []
    const append = async (entry: object): Promise<void> => {
      if (fails) throw new Error('disk full')
      rows.push(entry)
    }
    return { audit: openAudit({ store: { append }, now: () => 5, log }), rows, lines }
  }
  const expected = {
    at: 5,
    actor: 'alice',
    action: 'sign-out',
    object: '',
    address: '::1',
    way: '',
    outcome: 'ok',
    detail: '',
  }

  it('writes the entry and a line of the log', async () => {
    const { audit, rows, lines } = bench(false)
    await audit({ actor: 'alice', action: 'sign-out', address: '::1' })
    assert.deepEqual(rows, [expected])
    assert.deepEqual(lines, [['info', { audit: expected }, 'audit']])
  })

  it('is loud when it cannot write, holds the entry in the log, and stops nobody', async () => {
    const { audit, rows, lines } = bench(true)
    await audit({ actor: 'alice', action: 'sign-out', address: '::1' })
    assert.deepEqual(rows, [])
    assert.deepEqual(lines, [['error', { audit: expected, error: 'Error: disk full' }, 'audit entry not written']])
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { octetCounted, priorityOf, syslogMessage } from './syslog-frame.ts'

const header = { facility: 'local0', appName: 'batchway', host: 'hub1', pid: 77 } as const
const event = { at: Date.UTC(2026, 0, 2, 3, 4, 5, 6), severity: 'info', messageId: 'session.ready', text: 'é' } as const

describe('a syslog message', () => {
  it('is that of RFC 5424', () =>
    assert.equal(syslogMessage(header, event), '<134>1 2026-01-02T03:04:05.006Z hub1 batchway 77 session.ready - é'))
  it('has a header of single words, whatever the host is called', () =>
    assert.match(
      syslogMessage({ ...header, host: 'a b\nc', appName: '' }, event),
      /^<134>1 \S+ a_b_c - 77 session\.ready - é$/,
    ))
  for (const [facility, severity, number] of [
    ['user', 'error', 11],
    ['authpriv', 'notice', 85],
    ['local7', 'warning', 188],
  ] as const)
    it(`gives ${facility}.${severity} the priority ${number}`, () =>
      assert.equal(priorityOf(facility, severity), number))
  it('is counted in octets, not characters', () => assert.equal(octetCounted('é\n').toString(), '3 é\n'))
})

/** Lines of logs, and periods as people write them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parsePeriod, parseTime } from './period.ts'
import { openEventReader, reportOfStarts } from './read-events.ts'
import { parseEventLine } from './start-events.ts'

const request =
  '{"time":"2026-11-18T00:00:00Z","event":"session.requested","session":"a","user":"u","profile":"p","cluster":"c","application":"x","queue":"q","account":"","memory_mib":1,"wall_seconds":1,"nodes":1,"cores":1}'
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '"event":',
        '"session.',
        'session.ready"',
        '"session.ended"',
        ',',
        '"time":',
        '"2026-11-18T00:00:00Z"',
        request,
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
  // A whole line, damaged at one place.
  fc
    .tuple(fc.nat(request.length), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([at, more]) => request.slice(0, at) + more + request.slice(at + more.length)),
)

describe('parseEventLine', () => {
  it('reads any text, refuses it, or passes it over', () =>
    fc.assert(
      fc.property(text, (line) => {
        const event = parseEventLine(line)
        if (event === null || event === 'unreadable') return
        assert.ok(Number.isSafeInteger(event.time))
        assert.match(event.event, /^session\.[a-z]+$/)
      }),
    ))

  it('leads to a report, whatever stands in a log', () =>
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (lines) => {
        const reader = openEventReader()
        for (const line of lines) reader.add(line)
        const starts = reader.starts()
        const period = { from: -1e15, to: 1e15 }
        const { total } = reportOfStarts(starts, { period, timeZone: 'UTC', by: 'user' }, 0)
        assert.equal(total.count, starts.length)
        assert.equal(total.ok + total.failures + total.other, total.count)
      }),
    ))
})

describe('parseTime and parsePeriod', () => {
  const time = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc
      .array(
        fc.constantFrom(
          '2026',
          '0000',
          '9999',
          '-',
          '02',
          '29',
          '31',
          'T',
          ':',
          '24',
          '00',
          'Z',
          '+',
          '36h',
          'today',
          ' ',
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join('')),
  )
  it('read a moment, or refuse', () =>
    fc.assert(
      fc.property(time, fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia'), (given, zone) => {
        const at = parseTime(given, zone, 1_795_000_000_000)
        if (at !== null) assert.ok(Number.isSafeInteger(at))
        for (const asked of [
          { day: given },
          { last: given },
          { from: given, to: given },
          { from: '2026-01-01', to: given },
        ]) {
          const period = parsePeriod(asked, zone, 1_795_000_000_000)
          if (typeof period !== 'string') assert.ok(period.from < period.to)
          else assert.ok(period.length > 10)
        }
      }),
    ))
})

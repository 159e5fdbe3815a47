import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toEventLine } from '../../events/event-line.ts'
import { isEventName } from '../../events/event-table.ts'
import { openEventReader } from '../../report/read-events.ts'
import { readEventLine } from './read-event-line.ts'

const log = readFileSync(new URL('../../../../../test/fixtures/founding-report.jsonl', import.meta.url), 'utf8')
const lines = log.trim().split('\n')
const startsOf = (given: readonly string[]) => {
  const reader = openEventReader(readEventLine)
  for (const line of given) reader.add(line)
  assert.deepEqual(reader.gaps(), { unreadable: 0, unrequested: 0 })
  return reader.starts()
}
/** The same happenings as the hub writes them in its other form. */
const pairs = lines.map((line) => {
  const { time, event, id: _id, instance, ...told } = JSON.parse(line)
  assert.ok(isEventName(event))
  return toEventLine(event, told, { at: Date.parse(time) }, { instance, request: null }).text('key-value')
})

describe('a line of an event log', () => {
  it('tells the same in both forms, and behind what a log daemon writes', () => {
    const starts = startsOf(lines)
    assert.equal(starts.length, 40)
    assert.match(pairs[0] ?? '', /^time=2023-11-14T22:13:20\.000Z event=session\.requested /)
    assert.deepEqual(startsOf(pairs), starts)
    assert.deepEqual(
      startsOf(pairs.map((line) => `<134>1 2026-11-18T00:00:00Z hub batchway 7 session.ready - ${line}`)),
      starts,
    )
  })

  it('is unreadable where it is cut, and passed over where it is about something else', () => {
    const [first = ''] = pairs
    assert.equal(readEventLine(first.slice(0, 120)), 'unreadable')
    assert.equal(readEventLine('time=2026-11-18T00:00:00Z event=hub.started version=1'), null)
    assert.equal(readEventLine('time=later'), null)
  })

  it('reads any text, refuses it, or passes it over', () =>
    fc.assert(
      fc.property(fc.nat(pairs.length - 1), fc.nat(300), fc.string({ unit: 'binary', maxLength: 4 }), (n, at, more) => {
        const line = pairs[n] ?? ''
        const event = readEventLine(line.slice(0, at) + more + line.slice(at + more.length))
        if (event !== null && event !== 'unreadable') assert.ok(Number.isSafeInteger(event.time))
      }),
    ))
})

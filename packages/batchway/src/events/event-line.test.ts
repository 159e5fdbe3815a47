import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toEventLine } from './event-line.ts'
import { events } from './event-table.ts'
import { parseKeyValue } from './parse-key-value.ts'

const frame = { instance: 'ab', request: null }
const at = Date.UTC(2026, 10, 23, 4, 12, 0, 123)
const dropped = { sink: 'file /var/log/e', count: 3, since: at - 5_000 }
/** Whatever looks like a secret: 43 letters and digits. */
const secret = 'c2VjcmV0LXRva2VuLXBsYW50ZWQtZm9yLXRoZS10ZXN0cw1'

const end = {
  session: 'abcdefghj',
  user: 'alice',
  server: 'my lab',
  outcome: 'finished',
  words: 'said "no" \\ and\nleft',
  exit_code: null,
  start_seconds: 11.30449,
}

describe('a line of events', () => {
  it('is JSON with every field of its event, and null where there is no value', () =>
    assert.equal(
      toEventLine('events.dropped', dropped, { at }, frame).text('json'),
      '{"time":"2026-11-23T04:12:00.123Z","event":"events.dropped","sink":"file /var/log/e","count":3,"since":"2026-11-23T04:11:55.123Z","instance":"ab"}',
    ))

  it('is key=value without the fields that have no value', () =>
    assert.equal(
      toEventLine('session.ended', end, { at }, { ...frame, request: '00ff' }).text('key-value'),
      'time=2026-11-23T04:12:00.123Z event=session.ended session=abcdefghj user=alice server="my lab" outcome=finished words="said \\"no\\" \\\\ and\ufffdleft" start_seconds=11.304 id=abcdefghj.ended.1795407120123 request=00ff instance=ab',
    ))

  it('says which event of a session it is, the same when it is told again', () => {
    const [first, again] = [false, true].map((isAgain) =>
      JSON.parse(toEventLine('session.ended', end, { at, isAgain }, frame).text('json')),
    )
    assert.equal(first.id, again.id)
    assert.deepEqual([first.again, again.again], [undefined, true])
  })

  it('has no field that its event does not name', () => {
    const line = toEventLine('hub.stopping', { version: '1', user: 'alice', words: secret }, { at }, frame)
    assert.deepEqual(Object.keys(JSON.parse(line.text('json'))), ['time', 'event', 'version', 'instance'])
  })

  it('blanks what looks like a secret in words for people, and leaves names whole', () => {
    const user = '123e4567-e89b-12d3-a456-426614174000'
    const { words, user: told } = JSON.parse(
      toEventLine('session.refused', { user, server: '', code: 'x', words: `token=${secret}!` }, { at }, frame).text(
        'json',
      ),
    )
    assert.equal(words, 'token=(removed)!')
    assert.equal(told, user)
    // The same text in a name would have come through: it is the kind of the field that keeps it out.
    assert.ok(toEventLine('session.refused', { user: secret }, { at }, frame).text('json').includes(secret))
  })

  it('is one line that reads back, whatever strangers wrote', () => {
    const stranger = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom(
        '" event=hub.started "',
        'a\nb',
        '\u2028',
        '\u202e',
        '\\',
        '"',
        'x=y',
        '<134>1 - -',
        '\ud800',
        '\0',
      ),
    )
    fc.assert(
      fc.property(stranger, stranger, (user, words) => {
        const line = toEventLine('session.refused', { user, server: '', code: 'x', words }, { at }, frame)
        for (const format of ['json', 'key-value'] as const)
          assert.doesNotMatch(line.text(format), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
        const parsed = JSON.parse(line.text('json'))
        const pairs = parseKeyValue(line.text('key-value'))
        assert.ok(pairs)
        assert.equal(pairs.get('event'), 'session.refused')
        for (const name of ['user', 'words', 'instance']) assert.equal(pairs.get(name), parsed[name])
      }),
    )
  })

  it('is never longer than what a datagram takes', () => {
    const long = Object.fromEntries(events['session.ended'].fields.map((name) => [name, '\u{1f600}'.repeat(9_999)]))
    const { length } = Buffer.from(toEventLine('session.ended', long, { at }, frame).text('key-value'))
    assert.ok(length < 60_000, `${length}`)
  })
})

describe('parseKeyValue', () => {
  it('reads any text or refuses it', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const found = parseKeyValue(text)
        assert.ok(found === null || found.size > 0)
      }),
    ))
  for (const text of ['', 'a', 'a="b', 'a=b  c=d', 'A=b', 'a="b"c=d'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseKeyValue(text), null))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { dayOf, momentOf, parsePeriod, parseTime, zonedTime } from './period.ts'

const berlin = 'Europe/Berlin'
const now = Date.parse('2026-11-19T12:42:10Z')
const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')

describe('a day', () => {
  const table: readonly [zone: string, at: string, from: string, hours: number][] = [
    ['UTC', '2026-11-18T23:59:59Z', '2026-11-18T00:00:00Z', 24],
    [berlin, '2026-11-18T23:30:00Z', '2026-11-18T23:00:00Z', 24],
    // Clocks go forward, and back.
    [berlin, '2026-03-29T10:00:00Z', '2026-03-28T23:00:00Z', 23],
    [berlin, '2026-10-25T10:00:00Z', '2026-10-24T22:00:00Z', 25],
    ['America/Chicago', '2026-11-01T12:00:00Z', '2026-11-01T05:00:00Z', 25],
    ['Asia/Kathmandu', '2026-05-01T00:00:00Z', '2026-04-30T18:15:00Z', 24],
    ['Australia/Lord_Howe', '2026-04-05T00:00:00Z', '2026-04-04T13:00:00Z', 24.5],
    // Here the clocks leap over midnight: the day begins at one.
    ['Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-23T22:00:00Z', 23],
  ]
  for (const [zone, at, from, hours] of table)
    it(`of ${at} in ${zone} begins at ${from} and has ${hours} hours`, () => {
      const day = dayOf(Date.parse(at), zone)
      assert.equal(iso(day.from), from)
      assert.equal((day.to - day.from) / 3_600_000, hours)
    })

  it('follows the day before without a gap, in every zone and at every time', () => {
    const zones = [
      'UTC',
      berlin,
      'America/Chicago',
      'Africa/Cairo',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/St_Johns',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 2_000_000_000 }), (zone, second) => {
        const at = second * 1_000
        const day = dayOf(at, zone)
        assert.ok(day.from <= at && at < day.to)
        assert.equal(dayOf(day.from - 1, zone).to, day.from)
        assert.deepEqual(dayOf(day.from, zone), day)
        assert.deepEqual(dayOf(day.to - 1, zone), day)
      }),
    )
  })
})

describe('a time', () => {
  const table: readonly [text: string, at: string | null][] = [
    ['2026-11-18', '2026-11-17T23:00:00Z'],
    ['2026-11-18T06:30', '2026-11-18T05:30:00Z'],
    ['2026-11-18 06:30:15', '2026-11-18T05:30:15Z'],
    ['2026-11-18T06:30Z', '2026-11-18T06:30:00Z'],
    ['2026-11-18T06:30-06:00', '2026-11-18T12:30:00Z'],
    ['2026-11-18T06:30+0530', '2026-11-18T01:00:00Z'],
    // It comes twice: the first. It does not come: the moment of the change.
    ['2026-10-25T02:30', '2026-10-25T00:30:00Z'],
    ['2026-03-29T02:30', '2026-03-29T01:00:00Z'],
    ['today', '2026-11-18T23:00:00Z'],
    ['yesterday', '2026-11-17T23:00:00Z'],
    ['now', '2026-11-19T12:42:10Z'],
    ['36h', '2026-11-18T00:42:10Z'],
    ['2026-02-29', null],
    ['2026-13-01', null],
    ['2026-11-18T24:00', null],
    ['2026-11-18T06:60', null],
    ['2026-11-18T06:00+24:00', null],
    ['18.11.2026', null],
    ['', null],
    ['2026-11-18; rm', null],
  ]
  for (const [text, at] of table)
    it(`${JSON.stringify(text)} is ${at ?? 'refused'}`, () => {
      const found = parseTime(text, berlin, now)
      assert.equal(found === null ? null : iso(found), at)
    })

  it('is written with what makes it unmistakable, and read back', () => {
    assert.equal(zonedTime(Date.parse('2026-07-01T12:00:00Z'), berlin), '2026-07-01T14:00:00+02:00')
    assert.equal(zonedTime(Date.parse('2026-12-01T12:00:00Z'), 'America/St_Johns'), '2026-12-01T08:30:00-03:30')
    fc.assert(
      fc.property(
        fc.constantFrom(berlin, 'America/St_Johns', 'UTC'),
        fc.integer({ min: 0, max: 2_000_000_000 }),
        (zone, second) => {
          assert.equal(parseTime(zonedTime(second * 1_000, zone), 'UTC', 0), second * 1_000)
          const at = momentOf(Date.parse(`${zonedTime(second * 1_000, zone).slice(0, 19)}Z`), zone)
          assert.equal(zonedTime(at, zone).slice(0, 19), zonedTime(second * 1_000, zone).slice(0, 19))
        },
      ),
    )
  })
})

describe('a period', () => {
  const read = (asked: Parameters<typeof parsePeriod>[0]) => {
    const period = parsePeriod(asked, berlin, now)
    return typeof period === 'string' ? period : `${iso(period.from)} ${iso(period.to)}`
  }
  const table: readonly [asked: Parameters<typeof parsePeriod>[0], says: string | RegExp][] = [
    [{}, '2026-11-17T23:00:00Z 2026-11-18T23:00:00Z'],
    [{ day: 'today' }, '2026-11-18T23:00:00Z 2026-11-19T23:00:00Z'],
    [{ day: '2026-10-25' }, '2026-10-24T22:00:00Z 2026-10-25T23:00:00Z'],
    [{ from: '2026-11-12' }, '2026-11-11T23:00:00Z 2026-11-19T12:42:10Z'],
    [{ from: '2026-11-12', to: '2026-11-19' }, '2026-11-11T23:00:00Z 2026-11-18T23:00:00Z'],
    [{ last: '7d' }, '2026-11-12T12:42:10Z 2026-11-19T12:42:10Z'],
    [{ last: '0s' }, /^last: write/],
    [{ last: 'week' }, /^last: write/],
    [{ last: '7d', from: 'today' }, /one of them/],
    [{ day: 'today', to: 'now' }, /one of them/],
    [{ day: 'someday' }, /^day: write/],
    [{ to: 'now' }, /^from: say/],
    [{ from: 'x' }, /^from: write/],
    [{ from: 'today', to: 'x' }, /^to: write/],
    [{ from: 'today', to: 'yesterday' }, /ends before/],
    [{ from: 'today', to: 'today' }, /ends before/],
  ]
  for (const [asked, says] of table)
    it(`${JSON.stringify(asked)} is ${says}`, () => {
      if (typeof says === 'string') assert.equal(read(asked), says)
      else assert.match(read(asked), says)
    })
})

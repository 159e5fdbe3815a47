import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { duration, hoursMinutes, memory, ringDash, timeWords, took } from './format.ts'

const tables: readonly [string, (value: number) => string, readonly (readonly [number, string])[]][] = [
  [
    'duration',
    duration,
    [
      [-5, '0 s'],
      [48, '48 s'],
      [59.6, '1 min'],
      [60, '1 min'],
      [3060, '51 min'],
      [3599, '1 h'],
      [4080, '1 h 08 min'],
      [14_400, '4 h'],
      [172_799, '2 d'],
      [187_200, '2 d 4 h'],
    ],
  ],
  [
    'took',
    took,
    [
      [-1, '0.0 s'],
      [520, '0.5 s'],
      [9940, '9.9 s'],
      [9960, '10 s'],
      [48_000, '48 s'],
      [112_000, '1 min 52 s'],
      [120_000, '2 min'],
      [3_661_000, '1 h 01 min'],
    ],
  ],
  [
    'hoursMinutes',
    hoursMinutes,
    [
      [8280, '2:18 h'],
      [59, '0:01 h'],
      [0, '0:00 h'],
      [-9, '0:00 h'],
      [36_000, '10:00 h'],
    ],
  ],
  [
    'memory',
    memory,
    [
      [512, '512 MB'],
      [1536, '1.5 GB'],
      [16_384, '16 GB'],
      [1_572_864, '1.5 TB'],
    ],
  ],
  [
    'ringDash',
    ringDash,
    [
      [0.57, '57 100'],
      [-1, '0 100'],
      [3, '100 100'],
    ],
  ],
]
for (const [name, format, rows] of tables)
  describe(name, () => {
    for (const [value, text] of rows) it(`says ${value} as ${text}`, () => assert.equal(format(value), text))
  })

describe('timeWords', () => {
  const now = Date.parse('2026-11-19T12:42:10Z')
  const berlin = timeWords('Europe/Berlin')
  it('says clock times with their zone', () => {
    assert.equal(berlin.full(now), 'Thu 19 Nov, 13:42 CET')
    assert.equal(berlin.date(now), 'Thu 19 Nov 2026')
    assert.equal(berlin.clockSeconds(now), '13:42:10')
    assert.equal(timeWords('America/Chicago').zone(now), 'CST')
    assert.equal(timeWords('UTC').clock(now), '12:42')
  })
  it('writes midnight as 00', () => assert.equal(timeWords('UTC').clock(Date.parse('2026-11-19T00:05:00Z')), '00:05'))
  const days: readonly [string, string][] = [
    ['2026-11-19T10:26:00Z', 'Today 11:26'],
    ['2026-11-18T23:30:00Z', 'Today 00:30'],
    ['2026-11-18T17:02:00Z', 'Yesterday 18:02'],
    ['2026-11-16T17:02:00Z', 'Mon 18:02'],
    ['2026-11-02T17:02:00Z', '2 Nov 18:02'],
    ['2025-11-02T17:02:00Z', '2 Nov 2025'],
  ]
  for (const [at, text] of days) it(`says ${at} as ${text}`, () => assert.equal(berlin.day(Date.parse(at), now), text))
  it('says the day in a sentence only when it is another one', () => {
    assert.equal(berlin.moment(Date.parse('2026-11-19T10:26:00Z'), now), '11:26')
    assert.equal(berlin.moment(Date.parse('2026-11-20T10:26:00Z'), now), '11:26 on 20 Nov')
    assert.equal(berlin.moment(Date.parse('2025-11-20T10:26:00Z'), now), '11:26 on 20 Nov 2025')
  })
  it('refuses a zone that does not exist', () => assert.throws(() => timeWords('Mars/Olympus'), RangeError))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { plainLine, plainLines } from './plain-text.ts'
import { factsText, tableText, timeText } from './table.ts'

const shape = [
  { title: 'NAME', of: (row: readonly string[]) => row[0] ?? '' },
  { title: 'ADMIN', of: (row: readonly string[]) => row[1] ?? '' },
  { title: 'GROUPS', of: (row: readonly string[]) => row[2] ?? '' },
]

describe('tables for people', () => {
  it('stand in columns, with - for nothing', () => {
    assert.equal(
      tableText(
        [
          ['alice', 'yes', 'physics, chemistry'],
          ['bob', '', ''],
        ],
        shape,
        80,
        'none',
      ),
      'NAME   ADMIN  GROUPS\nalice  yes    physics, chemistry\nbob    -      -\n',
    )
    assert.equal(tableText([], shape, 80, 'There are none.'), 'There are none.\n')
  })
  it('fit the terminal, and are whole where there is none', () => {
    const long = ['a'.repeat(60), 'yes', 'g'.repeat(300)]
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 90 }), { minLength: 3, maxLength: 3 }), {
          minLength: 1,
          maxLength: 5,
        }),
        (rows) => {
          for (const line of tableText([long, ...rows], shape, 80, '').split('\n'))
            assert.ok([...line].length <= 80, line)
        },
      ),
    )
    assert.match(tableText([long], shape, 80, ''), /^a{29,}…/m)
    assert.ok(tableText([long], shape, null, '').includes('g'.repeat(300)))
  })
  it('tell facts under each other, without those that are not known', () => {
    assert.equal(
      factsText([
        ['name', 'alice'],
        ['groups', ''],
        ['roles', null],
      ]),
      'name    alice\ngroups  -\n',
    )
  })
  it('tell times in UTC', () => {
    assert.equal(timeText('2026-01-31T12:34:56.123456Z'), '2026-01-31 12:34 UTC')
    assert.equal(timeText(null), '-')
    assert.equal(timeText('soon'), 'soon')
  })
})

it('text of others steers no terminal, whatever it is', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 })
  fc.assert(
    fc.property(text, (any) => {
      assert.doesNotMatch(plainLine(any), /[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
      assert.doesNotMatch(plainLines(any), /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
      assert.doesNotMatch(tableText([[any, any, any]], shape, 80, '').replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f]/)
    }),
  )
  for (const plain of ['alice', 'Ünï çødé 漢字 🙂', 'a\u200db']) assert.equal(plainLine(plain), plain)
})

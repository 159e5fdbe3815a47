import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseNameTable } from './name-table.ts'

describe('parseNameTable', () => {
  it('reads a grid-mapfile and plain lines', () => {
    const { names, problems } = parseNameTable(
      [
        '# who is who',
        '"/C=DE/O=Grid/CN=Alice \\"A\\" Smith" alice,alice2',
        '',
        'https://orcid.org/0000-0001  bob',
        '\tCarol@Example.edu\tcarol  ',
        'carol@example.edu mallory',
        'lonely',
        '"open quote x',
        'too many words',
      ].join('\n'),
    )
    assert.deepEqual(
      [...names],
      [
        ['/c=de/o=grid/cn=alice "a" smith', 'alice'],
        ['https://orcid.org/0000-0001', 'bob'],
        ['carol@example.edu', 'carol'],
      ],
    )
    assert.deepEqual(problems, [
      'line 6: a line above is for the same subject',
      ...[7, 8, 9].map((n) => `line ${n}: write SUBJECT NAME, the subject in double quotes if it holds blanks`),
    ])
  })

  it('takes any text: each line is a name, a remark or a problem', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (lines) => {
        const text = lines.map((each) => each.replaceAll('\n', ' '))
        const { names, problems } = parseNameTable(text.join('\n'))
        const told = text.filter((each) => each.trim() !== '' && !each.trim().startsWith('#'))
        assert.equal(names.size + problems.length, told.length)
      }),
    )
  })
})

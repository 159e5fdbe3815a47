/** What the documents say about tests is true: each test that they name is where they say. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf, readFrom, references, tableRows } from './doc-tables.ts'

const problems = (rows: readonly string[][]) => rows.flatMap((row) => references(row).map((each) => problemOf(each)))
const textOf = (file: string): string => readFrom(file) ?? ''

describe('the table of attack recipes', () => {
  const rows = tableRows(textOf('docs/reference/attack-recipes.md'), 'recipe', 'test', 'control')

  it('has at least twenty, each with test and control', () => {
    assert.ok(rows.length >= 20)
    for (const row of rows) {
      assert.equal(row.length, 3, row[0])
      for (const cell of row.slice(1)) assert.equal(references([cell]).filter(({ words }) => words).length, 1, row[0])
    }
  })
  for (const row of rows)
    it(`tells where to find ${row[0]}`, () => assert.deepEqual(problems([row]).filter(Boolean), []))
})

describe('a table that is not true', () => {
  const text =
    '| a | b |\n| --- | --- |\n| x | `testbench/doc-tables.ts` “export function tableRows(” “readFrom” |\n\nmore'
  const [row = []] = tableRows(text, 'a', 'b')

  it('is found out: words that have gone, files that have gone, words before any file', () => {
    assert.deepEqual(problems([row]), [null, null])
    const change = (from: string, to: string) => problems([row.map((cell) => cell.replace(from, to))]).filter(Boolean)
    assert.deepEqual(change('tableRows', 'tableLines'), ['testbench/doc-tables.ts has no export function tableLines('])
    assert.equal(change('doc-tables', 'doc-chairs').length, 2)
    assert.equal(change('`testbench/doc-tables.ts` ', '').length, 2)
    assert.deepEqual(problems([['`testbench/none.ts`']]), ['there is no testbench/none.ts'])
    assert.throws(() => tableRows(text, 'b'))
  })
})

/** What the documents say about tests is true: each test that they name is where they say. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOf, type Reference, readFrom, references, tableRows } from './doc-tables.ts'

const problems = (rows: readonly string[][]) => rows.flatMap((row) => references(row).map((each) => problemOf(each)))
const textOf = (file: string): string => readFrom(file) ?? ''

/** Advisories of the neighbours: JupyterHub's family, Open OnDemand, Coder, schedulers. */
const known = [
  ...['CVE-2018-7206', 'CVE-2019-10255', 'CVE-2020-15110', 'CVE-2020-26250', 'CVE-2020-26261', 'CVE-2020-36191'],
  ...['CVE-2021-39159', 'CVE-2021-41194', 'CVE-2021-41247', 'CVE-2022-21697', 'CVE-2022-29241', 'CVE-2022-31027'],
  ...['CVE-2023-25574', 'CVE-2024-28179', 'CVE-2024-28233', 'CVE-2024-29033', 'CVE-2024-35225', 'CVE-2024-41942'],
  ...['CVE-2026-33709', 'CVE-2026-40864', 'CVE-2026-54338', 'GHSA-6x33-pw7p-hmpq', 'GHSA-69wv-m5fw-2fhp'],
  ...['GHSA-c4gm-pwx9-9w8j', 'GHSA-cw7p-q79f-m2v7', 'GHSA-p43p-whwx-q52h', 'GHSA-vrq4-9hc3-cgp7', 'PYSEC-2022-179'],
  ...['CHP #557', 'batchspawner'],
  ...['CVE-2020-36247', 'CVE-2025-53636', 'CVE-2025-58435', 'CVE-2025-62724', 'CVE-2025-64185', 'CVE-2026-26002'],
  ...['CVE-2026-44371', 'CVE-2026-45777', 'CVE-2026-55169', 'CVE-2026-55171', 'CVE-2026-55172'],
  ...[
    'Open OnDemand 3.1.4',
    'Open OnDemand 3.1.7',
    'Open OnDemand 3.1.9',
    'Open OnDemand 4.0.3',
    'Open OnDemand 4.0.5',
  ],
  ...['Open OnDemand #1306', 'Open OnDemand #5797'],
  ...['CVE-2017-18635', 'CVE-2024-27918', 'CVE-2025-47269', 'CVE-2025-58437', 'CVE-2026-55431', 'GHSA-3rw9-wmc8-8948'],
  ...['GHSA-7cc2-r658-7xpf', 'GHSA-v54h-cp2w-9x4g', 'GHSA-wcx9-ccpj-hx3c'],
  ...['CVE-2022-29500', 'CVE-2022-29501', 'CVE-2022-29502', 'CVE-2023-41914', 'CVE-2025-43904'],
]

const idsOf = (cell: string): string[] =>
  cell.match(
    /CVE-\d{4}-\d+|GHSA(?:-\w{4}){3}|PYSEC-\d{4}-\d+|CHP(?: #\d+)?|Open OnDemand (?:#\d+|[\d.]+\d)|batchspawner|hazard [a-z\d-]+/g,
  ) ?? []

/** @returns what is wrong if the test does not name the advisory where it stands: in its title, or in the comment above it or above its loop. */
function unnamed({ file, words }: Reference, id: string): string | null {
  const lines = textOf(file).split('\n')
  const lineAt = (n: number): string => lines[n] ?? ''
  const at = lines.findIndex((line) => words !== null && line.includes(words))
  let first = at
  while (first > at - 3 && !/^\s*(?:it|test|describe)\(/.test(lineAt(first))) first--
  if (/^\s*(?:for \(|\])/.test(lineAt(first - 1))) {
    first--
    while (first > 0 && !/^\s*for \(/.test(lineAt(first))) first--
  }
  while (/^\s*\/\//.test(lineAt(first - 1))) first--
  const near = lines.slice(first, at + 1).join(' ')
  return near.includes(id) ? null : `${file}: “${words}” does not name ${id}`
}

describe('the table of attack recipes', () => {
  const rows = tableRows(textOf('docs/reference/attack-recipes.md'), 'recipe', 'test', 'control', 'kind')

  it('has at least twenty whose defence is switched off, each with test and control', () => {
    const kinds = rows.map((row) => row[3])
    assert.deepEqual([...new Set(kinds)].sort(), ['found', 'given', 'off'])
    assert.ok(kinds.filter((kind) => kind === 'off').length >= 20)
    for (const row of rows) {
      assert.equal(row.length, 4, row[0])
      for (const cell of row.slice(1, 3))
        assert.equal(references([cell]).filter(({ words }) => words).length, 1, row[0])
    }
  })
  for (const row of rows)
    it(`tells where to find ${row[0]}`, () => assert.deepEqual(problems([row]).filter(Boolean), []))
})

describe('the page of advisories', () => {
  const page = textOf('docs/reference/advisories.md')
  const rows = tableRows(page, 'advisory', 'what went wrong there', 'test')
  const others = tableRows(page, 'advisory', 'what went wrong there', 'here')
  const hazards = tableRows(page, 'hazard', 'what goes wrong there', 'test')

  it('leaves out none that we know of', () => {
    const named = new Set([...rows, ...others].flatMap(([cell = '']) => idsOf(cell)))
    assert.deepEqual(
      known.filter((id) => !named.has(id)),
      [],
    )
    assert.equal(idsOf('no advisory at all').length, 0)
  })
  it('lists each hazard once', () => {
    assert.ok(hazards.length >= 18)
    assert.equal(new Set(hazards.map(([name]) => name)).size, hazards.length)
  })
  for (const row of [...rows, ...hazards])
    it(`tells where to find ${row[0]}`, () => {
      const [id = ''] = idsOf(row[0] ?? '')
      const [reference, ...more] = references(row)
      assert.ok(reference && more.length === 0 && id !== '', 'one identifier, one test')
      assert.equal(problemOf(reference) ?? unnamed(reference, id), null)
    })

  it('would see a test that does not name its advisory', () => {
    const [reference] = references(rows[0] ?? [])
    assert.ok(reference)
    assert.notEqual(unnamed(reference, 'CVE-1999-0001'), null)
  })
})

describe('the promises of docs/security.md', () => {
  const page = textOf('docs/security.md')
  const pathsOf = (cell: string): string[] =>
    [...cell.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = '']) =>
      path.startsWith('test/') ? path : `packages/${path.replace(/^b\//, 'batchway/src/')}`,
    )
  const rows = tableRows(page, 'promise', 'tests')

  it('are many, and SECURITY.md leads to them', () => {
    assert.ok(rows.length >= 30)
    assert.match(textOf('SECURITY.md'), /\(docs\/security\.md\)/)
  })
  for (const row of rows)
    it(`has tests: ${row[0]?.slice(0, 60)}`, () => {
      const paths = pathsOf(row.slice(1).join(' '))
      assert.ok(paths.length > 0)
      assert.deepEqual(
        paths.filter((path) => readFrom(path) === null),
        [],
      )
    })
  it('would see a test that has gone', () => assert.equal(readFrom(pathsOf('`b/web/gone.test.ts`')[0] ?? ''), null))
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

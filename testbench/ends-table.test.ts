/** The table of provoked ends is true: every outcome it names exists, and its tests are where it says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { outcomeCodes } from '../packages/batchway/src/sessions/session.ts'

const root = join(import.meta.dirname, '..')
const table = readFileSync(join(root, 'docs/reference/provoked-ends.md'), 'utf8')
const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:---|provoked) /.test(line))

/** @returns what is wrong with a row; null if nothing is. */
function problemOf(row: string, read: (file: string) => string): string | null {
  const [, code, file, title, control] = /\| `([a-z-]+)` \| `([\w.-]+)` “(.+)” \| “(.+)” \|$/.exec(row) ?? []
  if (!code || !file || !title || !control) return 'has not the form of the others'
  if (!outcomeCodes.some((one) => one === code)) return `there is no outcome ${code}`
  const text = read(file)
  const absent = [title, control].find((words) => !text.includes(words))
  return absent === undefined ? null : `${file} has no ${absent}`
}
const readTest = (file: string): string => readFileSync(join(root, 'test/e2e', file), 'utf8')

describe('the table of provoked ends', () => {
  for (const row of rows)
    it(`tells where to find “${row.split(' | ')[0]?.slice(2)}”`, () => assert.equal(problemOf(row, readTest), null))

  it('would not pass with a row that is not true', () => {
    const [row = ''] = rows
    for (const [part, wrong] of [
      ['`rejected`', '`declined`'],
      ['nowhere', 'somewhere'],
      ['long', 'short'],
      [' | ', ' '],
    ] as const)
      assert.notEqual(problemOf(row.replaceAll(part, wrong), readTest), null, part)
  })

  it('leaves out no end that a scheduler or a node can bring about', () => {
    // By ourselves, or by nobody: these have tests of their own.
    const others = [
      'finished',
      'stopped-by-user',
      'queue-limit',
      'runtime-not-startable',
      'application-failed',
      'job-failed',
      'lost',
    ]
    const named = new Set(rows.map((row) => /`([a-z-]+)`/.exec(row.split(' | ')[1] ?? '')?.[1]))
    assert.deepEqual(
      outcomeCodes.filter((code) => !named.has(code)),
      others,
    )
  })
})

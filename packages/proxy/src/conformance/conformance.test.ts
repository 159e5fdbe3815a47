/** The table: bytes in, bytes out, through real sockets on both sides. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestProxy, testProxy } from '../testing.ts'
import { runRow } from './run-row.ts'
import { chapters } from './table.ts'
import { transports } from './transport.ts'

describe('HTTP as it is written down', () => {
  let proxy: TestProxy
  before(async () => {
    proxy = await testProxy()
  })
  after(() => proxy[Symbol.asyncDispose]())

  it('has a table of at least 150 rows, each with a name of its own', () => {
    assert.ok(chapters.reduce((sum, { rows }) => sum + rows.length, 0) >= 150)
    for (const { rows } of chapters) assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
  })

  for (const by of transports)
    for (const { title, rows } of chapters)
      describe(`${title}, to an application by ${by}`, () => {
        for (const row of rows) it(`${row.name} (${row.rule})`, () => runRow(row, proxy, by))
      })
})

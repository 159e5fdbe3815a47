import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { columnsOf } from '../report/columns.ts'
import { reportOfStarts } from '../report/read-events.ts'
import { reportFile } from './report-file.ts'
import { orderedRows, orderOf } from './report-view.ts'
import { noon } from './testing/fake-rooms.ts'
import { foundingStarts } from './testing/founding-starts.ts'

async function fileOf(starts = foundingStarts, siteName = 'Northfield') {
  const columns = columnsOf('user', ['all'])
  assert.ok(!('unknown' in columns))
  const period = { from: Date.parse('2026-11-17T23:00:00Z'), to: Date.parse('2026-11-18T23:00:00Z') }
  const report = reportOfStarts(starts, { period, timeZone: 'Europe/Berlin', by: 'user' }, noon)
  const order = orderOf(columns, 'username')
  return await reportFile({ report, rows: orderedRows(report, order), columns, order, siteName })
}

describe('the report as a file', () => {
  it('has every row, the sums and the foot, and asks for nothing elsewhere', async () => {
    const text = await fileOf()
    for (const words of [
      'balc0022',
      '46.565667',
      '117.146',
      'ram256g@mesabim3',
      '3 people',
      'People: 3 on the last day',
    ])
      assert.ok(text.includes(words), words)
    assert.doesNotMatch(text, /\b(?:src|href|action)=|<script|url\(|@import/)
  })

  it('shows hostile names as text', async () => {
    const [one] = foundingStarts
    assert.ok(one)
    const text = await fileOf([{ ...one, user: '</table><script>alert(1)</script>' }], '<img src=x onerror=alert(1)>')
    assert.doesNotMatch(text, /<script|<img/)
    assert.ok(text.includes('&lt;script&gt;'))
  })
})

/** The founding talk's nightly report, to the byte: from the database, and from the event log. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { columnsOf } from '../report/columns.ts'
import { gatherReport } from '../report/gather-report.ts'
import { openEventReader, reportOfStarts } from '../report/read-events.ts'
import type { Report, ReportQuery } from '../report/report.ts'
import { toCsv, toTable } from '../report/write-report.ts'
import { openFoundingDay, startTimes } from './testing/founding-day.ts'

const talk = `username,count,Failures,avg(starttime),max(starttime),latest(queue),latest(mem),latest(walltime),latest(nodes)
balc0022,26,1,46.565667,117.146,ram256g@mesabim3,125gb,4:00:00,1:ppn=12
jj,4,2,,,mesabi@mesabim3,4gb,8:00:00,1:ppn=2
yminato,10,0,34.327000,86.152,mesabi@mesabim3,4gb,8:00:00,1:ppn=2
`
const table = `username  count  Failures  avg(starttime)  max(starttime)  latest(queue)     latest(mem)  latest(walltime)  latest(nodes)
balc0022     26         1       46.565667         117.146  ram256g@mesabim3        125gb           4:00:00       1:ppn=12
jj            4         2                                  mesabi@mesabim3           4gb           8:00:00        1:ppn=2
yminato      10         0       34.327000          86.152  mesabi@mesabim3           4gb           8:00:00        1:ppn=2
`
const fixture = new URL('../../../../test/fixtures/founding-report.jsonl', import.meta.url)

const columns = (() => {
  const found = columnsOf('user', [])
  assert.ok(!('unknown' in found))
  return found
})()
const csvOf = ({ rows }: Report): string => toCsv(rows, columns).replaceAll('\r\n', '\n')

/** Without the moments at which a poll happened to come by; sessions are numbered. */
function shapeOf(log: string): readonly object[] {
  const numbers = new Map<string, number>()
  return log
    .trim()
    .split('\n')
    .map((line) => {
      // What the poller saw when, and which names the day's random numbers gave.
      const { session, id, time, job, node, queue_seconds, boot_seconds, run_seconds, ...rest } = JSON.parse(line)
      numbers.set(session, numbers.get(session) ?? numbers.size)
      return { ...rest, session: numbers.get(session) }
    })
}

function reportOfLog(text: string, query: ReportQuery, now: number): Report {
  const reader = openEventReader()
  for (const line of text.split('\n')) reader.add(line)
  assert.deepEqual(reader.gaps(), { unreadable: 0, unrequested: 0 })
  return reportOfStarts(reader.starts(), query, now)
}

describe('the nightly report of the founding talk', () => {
  it('comes out to the byte from sessions that the machine drove, and the event log gives the same', async () => {
    await using day = await openFoundingDay()
    const { bench, period, lines } = day
    const query: ReportQuery = { period, timeZone: 'America/Chicago', by: 'user' }
    const fromRows = await gatherReport(bench.stores.reports, query, bench.clock.now())
    assert.equal(csvOf(fromRows), talk)
    assert.equal(toTable(fromRows.rows, columns), table)
    const fates = fromRows.rows.map(({ key, ok, failures, other }) => [key, ok, failures, other])
    assert.deepEqual(fates, [
      ['balc0022', 24, 1, 1],
      ['jj', 0, 2, 2],
      ['yminato', 10, 0, 0],
    ])
    assert.deepEqual(fromRows.total.failuresBy, { submit: 0, queue: 3, boot: 0, application: 0 })
    const log = `${lines.join('\n')}\n`
    assert.deepEqual(reportOfLog(log, query, bench.clock.now()), fromRows)
    // The log that is kept was written by this very day: a change of the lines shows here.
    assert.deepEqual(shapeOf(log), shapeOf(readFileSync(fixture, 'utf8')))
  })

  it('is printed from the log that is kept', () => {
    const log = readFileSync(fixture, 'utf8')
    const period = { from: 0, to: Number.MAX_SAFE_INTEGER / 2 }
    const report = reportOfLog(
      log,
      { period: { ...period, to: 4_102_444_800_000 }, timeZone: 'UTC', by: 'user' },
      4_102_444_800_000,
    )
    assert.equal(csvOf(report), talk)
  })

  it('has means that only these counts can give', () => {
    const sum = (times: readonly number[]) => times.reduce((all, ms) => all + ms, 0)
    assert.deepEqual(
      [startTimes.balc0022.length, sum(startTimes.balc0022), Math.max(...startTimes.balc0022)],
      [24, 1_117_576, 117_146],
    )
    assert.deepEqual(
      [startTimes.yminato.length, sum(startTimes.yminato), Math.max(...startTimes.yminato)],
      [10, 343_270, 86_152],
    )
    assert.ok(Math.min(...startTimes.balc0022, ...startTimes.yminato) > 10_000)
  })
})

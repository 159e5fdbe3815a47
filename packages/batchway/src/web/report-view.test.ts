import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reportOfStarts } from '../report/read-events.ts'
import { timeWords } from './format.ts'
import { periodWords } from './report-view.ts'

const berlin = timeWords('Europe/Berlin')
const at = (text: string): number => berlin.parse(text) ?? Number.NaN

function words(from: string, to: string): string {
  const period = { from: at(from), to: at(to) }
  const report = reportOfStarts([], { period, timeZone: 'Europe/Berlin' } as never, at('2026-11-23T00:05'))
  return periodWords(report, berlin)
}

it('a period is told in days where it is made of days, the day of a change of the clocks too', () => {
  const written = 'Written Mon 23 Nov, 00:05 CET.'
  assert.equal(words('2026-11-22', '2026-11-23'), `Starts asked for on Sun 22 Nov 2026. ${written}`)
  assert.equal(words('2026-10-25', '2026-10-26'), `Starts asked for on Sun 25 Oct 2026. ${written}`)
  assert.equal(words('2026-12-28', '2027-01-04'), `Starts asked for from Mon 28 Dec 2026 to Sun 3 Jan 2027. ${written}`)
  assert.equal(
    words('2026-11-22', '2026-11-22T13:30'),
    `Starts asked for from Sun 22 Nov, 00:00 CET to Sun 22 Nov, 13:30 CET. ${written}`,
  )
})

/** The foot of a report in words: what the rows add up to, and who uses the site. Pure. */
import { shareText } from './figures.ts'
import { zonedTime } from './period.ts'
import type { Report } from './report.ts'
import { phases } from './start.ts'

const phaseWords = {
  submit: 'refused by the scheduler',
  queue: 'in the queue',
  boot: 'while the job began',
  application: 'in the application',
} as const

const plural = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

/** `2 in the queue, 1 in the application`; empty if there are none. */
export const failureWords = ({ total }: Report): string =>
  phases
    .filter((phase) => total.failuresBy[phase] > 0)
    .map((phase) => `${total.failuresBy[phase]} ${phaseWords[phase]}`)
    .join(', ')

/** `2 by the queue, 1 by the start`; empty if there are none. */
export function slowWords({ total: { slowBy } }: Report): string {
  const words = [
    [slowBy.queue, 'by the queue'],
    [slowBy.boot, 'by the start of the job'],
  ] as const
  return words
    .filter(([n]) => n > 0)
    .map(([n, why]) => `${n} ${why}`)
    .join(', ')
}

const because = (words: string): string => (words === '' ? '' : `: ${words}`)

/** Lines of the foot, for people. */
export function footWords(report: Report): readonly string[] {
  const { period, timeZone, total, people, cluster } = report
  const slow = total.ok - total.inTime
  const where = cluster === undefined ? '' : `, on ${cluster} alone`
  return [
    `Starts asked for from ${zonedTime(period.from, timeZone)} to ${zonedTime(period.to, timeZone)} (${timeZone})${where}.`,
    `${plural(total.count, 'start', 'starts')} by ${plural(total.people, 'person', 'people')}: ${total.ok} ready, ${total.failures} failed, ${total.other} other.`,
    `Failures: ${total.failures}${total.count > 0 ? ` (${shareText(total.failures, total.count)} of all)` : ''}${because(failureWords(report))}.`,
    `Not ready within 5 minutes: ${slow}${total.ok > 0 ? ` (${shareText(slow, total.ok)} of those ready)` : ''}${because(slowWords(report))}.`,
    `People: ${people.day} on the last day, ${people.week} in 7 days, ${people.month} in 30 days, ${people.ever} ever; ${people.new} new.`,
  ]
}

/**
 * `day.ts CONFIG`: a day of use, so that there is something to report: yesterday, as the talk's table tells it. The session machine itself
 * lives through it, on a clock that jumps and with a scheduler that does as it is told: what is in the database, and in the event log,
 * is what the machine wrote there. To be run before the hub has ever been started.
 */
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSite } from '../../../packages/batchway/src/cli/load-site.ts'
import { openFoundingDay } from '../../../packages/batchway/src/events/testing/founding-day.ts'
import { parsePeriod } from '../../../packages/batchway/src/report/period.ts'

const { config } = await loadSite(process.argv[2])
const timeZone = config.site.timeZone ?? 'UTC'
const yesterday = parsePeriod({ day: 'yesterday' }, timeZone, Date.now())
if (typeof yesterday === 'string') throw new Error(yesterday)
const database = config.database ?? `sqlite:${join(config.stateDirectory, 'batchway.db')}`
const start = yesterday.from + 8 * 3_600_000 // people come in the morning
await using day = await openFoundingDay({ start, database, random: randomBytes, isOver: true })
for (const to of config.events.to)
  if (to.type === 'file') appendFileSync(to.path, day.lines.map((line) => `${line}\n`).join(''), { mode: 0o640 })
const count = day.lines.filter((line) => line.includes('"event":"session.requested"')).length
process.stdout.write(`${count} starts of three people, ${day.lines.length} events\n`)

/** Starts of the founding talk’s day, for pages that are looked at on the day after. */
import { readFileSync } from 'node:fs'
import { openEventReader } from '../../report/read-events.ts'
import type { Start } from '../../report/start.ts'

/** The day before `noon`, in Berlin. */
const yesterday = Date.parse('2026-11-17T23:00:00Z')

/** The talk's day, moved to yesterday. */
export const foundingStarts: readonly Start[] = (() => {
  const log = readFileSync(new URL('../../../../../test/fixtures/founding-report.jsonl', import.meta.url), 'utf8')
  const reader = openEventReader()
  for (const line of log.split('\n')) reader.add(line)
  const starts = reader.starts()
  const shift = yesterday - (starts[0]?.askedAt ?? 0)
  const move = (at: number | null) => (at === null ? null : at + shift)
  return starts.map(
    (start): Start => ({
      ...start,
      askedAt: start.askedAt + shift,
      startedAt: move(start.startedAt),
      readyAt: move(start.readyAt),
      runsSince: move(start.runsSince),
      endedAt: move(start.endedAt),
    }),
  )
})()

/** Figures of the session pages: pure. */
import type { Outcome, Session } from '../sessions/session.ts'
import { duration, memory } from './format.ts'

export interface FallRow {
  readonly what: string
  readonly length: number
  /** Percent of the whole, one decimal. */
  readonly from: number
  readonly width: number
  readonly isQueue: boolean
}

/** The start as a waterfall: milliseconds, and each step's place in the whole. */
export function startWaterfall(session: Session): { readonly rows: readonly FallRow[]; readonly whole: number } {
  const { createdAt, spec } = session
  // Times may be missing after an adoption, and clocks of others may lie: each step begins where the one before ended.
  const submitted = Math.max(createdAt, session.submittedAt ?? createdAt)
  const started = Math.max(submitted, session.startedAt ?? submitted)
  const ready = Math.max(started, session.readyAt ?? started)
  const whole = ready - createdAt
  const percent = (length: number) => (whole === 0 ? 0 : Math.round((length / whole) * 1000) / 10)
  const row = (what: string, from: number, to: number, isQueue = false): FallRow => ({
    what,
    isQueue,
    length: to - from,
    from: Math.min(99, percent(from - createdAt)),
    width: Math.max(1, percent(to - from)),
  })
  return {
    whole,
    rows: [
      row('Submit', createdAt, submitted),
      row('Wait in the queue', submitted, started, true),
      row(`Prepare the node, start ${spec.application.title}`, started, ready),
    ],
  }
}

export interface Meter {
  readonly what: string
  readonly words: string
  readonly percent: number
  readonly tone: '' | 'warn' | 'bad'
}

/** Use beside limit, for what is known of a session that ended. */
export function endedMeters({ spec, readyAt, endedAt, facts }: Session): readonly Meter[] {
  const meters: Meter[] = []
  const limit = spec.resources.memoryMiB
  const peak = facts.state === 'ended' ? peakOf(facts.outcome, limit) : undefined
  if (peak !== undefined && limit > 0) {
    const percent = share(peak, limit)
    const tone = percent >= 99 ? 'bad' : percent >= 90 ? 'warn' : ''
    meters.push({
      what: 'Memory, peak',
      words: `${memory(peak)} of ${memory(limit)}${tone === 'bad' ? ': at the limit' : ''}`,
      percent,
      tone,
    })
  }
  const wall = spec.resources.wallSeconds
  if (readyAt !== null && endedAt !== null && wall > 0) {
    const ran = (endedAt - readyAt) / 1000
    meters.push({ what: 'Time', words: `${duration(ran)} of ${duration(wall)}`, percent: share(ran, wall), tone: '' })
  }
  return meters
}

/** Accounting looks every few seconds (JobAcctGatherFrequency): the moment that killed a job is one it never saw. */
function peakOf({ code, accounting }: Outcome, limit: number): number | undefined {
  const peak = accounting?.maxMemoryMiB
  return code === 'out-of-memory' && accounting !== null ? Math.max(limit, peak ?? 0) : peak
}

const share = (part: number, whole: number) => Math.min(100, Math.max(0, Math.round((part / whole) * 100)))

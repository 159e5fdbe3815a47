/** Figures of the session pages: pure. */

import type { LastUsage } from '../sessions/reports.ts'
import type { Outcome, Session } from '../sessions/session.ts'
import { count, duration, memory } from './format.ts'

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
export function endedMeters({ spec, startedAt, readyAt, endedAt, facts }: Session): readonly Meter[] {
  const meters: Meter[] = []
  const limit = spec.resources.memoryMiB
  const peak = facts.state === 'ended' ? peakOf(facts.outcome, limit) : undefined
  if (peak !== undefined && limit > 0) {
    meters.push(memoryMeter('Memory, peak', peak, limit))
  }
  const cpuSeconds = facts.state === 'ended' ? facts.outcome.use?.cpuSeconds : null
  if (cpuSeconds != null && startedAt !== null && endedAt !== null)
    meters.push(...cpuMeter(cpuSeconds, (endedAt - startedAt) / 1000, spec.resources.cores))
  const wall = spec.resources.wallSeconds
  if (readyAt !== null && endedAt !== null && wall > 0) {
    const ran = (endedAt - readyAt) / 1000
    meters.push({ what: 'Time', words: `${duration(ran)} of ${duration(wall)}`, percent: share(ran, wall), tone: '' })
  }
  return meters
}

/** What a running session uses, as its agent last measured it. Empty where nothing could be measured. */
export function usageMeters({ spec, startedAt }: Session, usage: LastUsage): readonly Meter[] {
  const { cores, memoryMiB } = spec.resources
  const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
  const meters: Meter[] = []
  if (usage.memoryBytes !== null && memoryMiB > 0) {
    const meter = memoryMeter('Memory', mebibytes(usage.memoryBytes), memoryMiB)
    const peak = usage.memoryPeakBytes === null ? '' : `, peak ${memory(mebibytes(usage.memoryPeakBytes))}`
    meters.push({ ...meter, words: meter.words + peak })
  }
  if (usage.cpuSeconds !== null && startedAt !== null)
    meters.push(...cpuMeter(usage.cpuSeconds, (usage.at - startedAt) / 1000, cores))
  return [...meters, ...gpuMeters(usage.gpus ?? [])]
}

function memoryMeter(what: string, used: number, limit: number): Meter {
  const percent = share(used, limit)
  const tone = percent >= 99 ? 'bad' : percent >= 90 ? 'warn' : ''
  return { what, percent, tone, words: `${memory(used)} of ${memory(limit)}${tone === 'bad' ? ': at the limit' : ''}` }
}

function cpuMeter(cpuSeconds: number, seconds: number, cores: number): readonly Meter[] {
  if (seconds < 1) return []
  const mean = cpuSeconds / seconds
  const words = `${mean.toFixed(1)} of ${count(cores, 'core', 'cores')}`
  return [{ what: 'CPU, mean', words, percent: share(mean, cores), tone: '' }]
}

/** All GPUs of the job together; nothing is said where one of them does not tell. */
function gpuMeters(gpus: NonNullable<LastUsage['gpus']>): readonly Meter[] {
  const sum = (key: keyof (typeof gpus)[number]): number | null =>
    gpus.reduce<number | null>((all, gpu) => (all === null || gpu[key] === null ? null : all + gpu[key]), 0)
  const [percents, used, total] = [sum('percent'), sum('memoryBytes'), sum('memoryTotalBytes')]
  if (gpus.length === 0) return []
  const meters: Meter[] = []
  if (percents !== null) {
    const percent = share(percents, 100 * gpus.length)
    meters.push({ what: 'GPU', words: `${percent} % of ${count(gpus.length, 'GPU', 'GPUs')}`, percent, tone: '' })
  }
  if (used !== null && total) {
    const words = `${memory(Math.round(used / 2 ** 20))} of ${memory(Math.round(total / 2 ** 20))}`
    meters.push({ what: 'GPU memory', words, percent: share(used, total), tone: '' })
  }
  return meters
}

/** Accounting looks every few seconds (JobAcctGatherFrequency): the moment that killed a job is one it never saw. */
function peakOf({ code, accounting, use }: Outcome, limit: number): number | undefined {
  const peak = accounting?.maxMemoryMiB ?? use?.memoryPeakMiB ?? undefined
  return code === 'out-of-memory' && accounting !== null ? Math.max(limit, peak ?? 0) : peak
}

const share = (part: number, whole: number) => Math.min(100, Math.max(0, Math.round((part / whole) * 100)))

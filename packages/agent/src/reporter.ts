import { backOffMs, type Clock } from './clock.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { Report, ReportReply } from './protocol.ts'

/** What the hub wants, learnt from its answers. `revoked`: another claim of this session has won, or the session is over. */
export type HubOrder = 'continue' | 'stop' | 'revoked'

type Heartbeat = Extract<Report, { type: 'heartbeat' }>

export interface Reporter {
  /** Queue a report that must arrive; reports arrive in order. */
  post(report: Report): void
  /** Send a heartbeat every interval until the signal aborts. A heartbeat that fails is not sent again: the next one tells the same, newer. */
  beat(seconds: number, make: () => Heartbeat, signal: AbortSignal): Promise<void>
  /** Do not wait for the next heartbeat's turn. */
  beatSoon(): void
  /** Send the last report, for as long as `leftMs` says there is time. @returns whether it arrived. */
  finish(report: Report, leftMs: () => number): Promise<boolean>
}

export interface ReporterTools {
  readonly hub: HubClient
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Called once, when the hub orders an end. */
  readonly onOrder: (order: 'stop' | 'revoked') => void
  /** Called with each answer. */
  readonly onReply?: (reply: ReportReply) => void
  /** Called with each heartbeat that has arrived. */
  readonly onBeat?: (beat: Heartbeat) => void
}

/** These say that the report itself is wrong: it will be so tomorrow, and what comes after it must not wait for it. */
const hopeless: ReadonlySet<number> = new Set([400, 413, 422])

/**
 * Tells the hub what happens, patiently: a hub that is away never ends an application. Between two sends nothing is lost but
 * heartbeats, which the next one makes good.
 */
export function openReporter(claimToken: string, tools: ReporterTools): Reporter {
  const { hub, clock, log, onOrder } = tools
  const queue: Report[] = []
  const over = new AbortController()
  let draining: Promise<void> | null = null
  let isAway = false
  let isOrdered = false
  let early = new AbortController()

  const send = async (report: Report, timeoutMs?: number): Promise<'sent' | 'failed' | 'refused' | 'revoked'> => {
    try {
      const { status, body } = await hub.post('/agent/report', claimToken, report, timeoutMs)
      if (status === 410) return order('revoked')
      if (hopeless.has(status)) {
        log(`the hub does not take the report "${report.type}" (HTTP ${status})`)
        return 'refused'
      }
      if (status < 200 || status > 299) return failed(`HTTP ${status}`)
      if (isAway) log('the hub answers again')
      isAway = false
      if (isReply(body)) {
        tools.onReply?.(body)
        if (body.order === 'stop') order('stop')
      }
      return 'sent'
    } catch (error) {
      if (error instanceof HubUnreachable) return failed(error.message)
      throw error
    }
  }
  const failed = (why: string): 'failed' => {
    if (!isAway) log(`the hub does not answer (${why}); the application goes on`)
    isAway = true
    return 'failed'
  }
  const order = (what: 'stop' | 'revoked'): 'revoked' => {
    if (!isOrdered && !over.signal.aborted) onOrder(what)
    isOrdered = true
    return 'revoked'
  }

  const drain = async (): Promise<void> => {
    for (let attempt = 0; queue[0] && !over.signal.aborted; ) {
      const outcome = await send(queue[0])
      if (outcome === 'failed') {
        await clock.sleep(backOffMs(attempt++, 250, 10_000, clock.random()), over.signal)
      } else {
        attempt = 0
        queue.shift()
      }
    }
    draining = null
  }

  return {
    post: (report) => {
      queue.push(report)
      draining ??= drain()
    },
    beat: async (seconds, make, signal) => {
      signal.addEventListener('abort', () => early.abort(), { once: true })
      while (!signal.aborted) {
        await clock.sleep(seconds * 1000 * (0.9 + clock.random() / 5), early.signal)
        early = new AbortController()
        if (signal.aborted || queue.length > 0) continue
        const beat = make()
        if ((await send(beat)) === 'sent') tools.onBeat?.(beat)
      }
    },
    beatSoon: () => early.abort(),
    finish: async (report, leftMs) => {
      over.abort() // what is still queued is told better by the last report
      await Promise.race([draining, clock.sleep(2_000)]) // one may be on its way; a silent hub must not eat the patience
      for (let attempt = 0; ; attempt++) {
        const left = leftMs()
        if (left <= 0) return false
        const outcome = await send(report, Math.min(left, 5_000))
        if (outcome !== 'failed') return outcome !== 'refused'
        await clock.sleep(Math.min(left, backOffMs(attempt, 250, 2_000, clock.random())))
      }
    },
  }
}

const isReply = (body: unknown): body is ReportReply =>
  typeof body === 'object' &&
  body !== null &&
  'order' in body &&
  (body.order === 'stop' || body.order === 'continue') &&
  'endsAt' in body &&
  (body.endsAt === null || typeof body.endsAt === 'number') &&
  (!('now' in body) || typeof body.now === 'number') &&
  (!('applicationPort' in body) || isPort(body.applicationPort))

const isPort = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535

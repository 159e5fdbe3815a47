import { backOffMs, type Clock } from './clock.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'
import type { Report, ReportReply } from './protocol.ts'

/** What the hub wants, learnt from its answers. `revoked`: another claim of this session has won, or the session is over. */
export type HubOrder = 'continue' | 'stop' | 'revoked'

export interface Reporter {
  /** Queue a report that must arrive; reports arrive in order. */
  post(report: Report): void
  /** Send a heartbeat every interval until the signal aborts. */
  beat(seconds: number, make: () => Report, signal: AbortSignal): Promise<void>
  /** Send the last report, trying for at most `patienceMs`. @returns whether it arrived. */
  finish(report: Report, patienceMs: number): Promise<boolean>
}

export interface ReporterTools {
  readonly hub: HubClient
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Called once, when the hub orders an end. */
  readonly onOrder: (order: 'stop' | 'revoked') => void
}

/**
 * Tells the hub what happens, patiently: a hub that is away never ends an application. Between two sends nothing is lost but
 * heartbeats, which the next one makes good.
 */
export function openReporter(claimToken: string, { hub, clock, log, onOrder }: ReporterTools): Reporter {
  const queue: Report[] = []
  const over = new AbortController()
  let draining: Promise<void> | null = null
  let isAway = false
  let isOrdered = false

  const send = async (report: Report, timeoutMs?: number): Promise<'sent' | 'failed' | 'revoked'> => {
    try {
      const { status, body } = await hub.post('/agent/report', claimToken, report, timeoutMs)
      if (status === 410) return order('revoked')
      if (status < 200 || status > 299) return failed(`HTTP ${status}`)
      if (isAway) log('the hub answers again')
      isAway = false
      if (isReply(body) && body.order === 'stop') order('stop')
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
      if (outcome === 'failed') await clock.sleep(backOffMs(attempt++, 250, 10_000, clock.random()), over.signal)
      else queue.shift()
    }
    draining = null
  }

  return {
    post: (report) => {
      queue.push(report)
      draining ??= drain()
    },
    beat: async (seconds, make, signal) => {
      while (!signal.aborted) {
        await clock.sleep(seconds * 1000 * (0.9 + clock.random() / 5), signal)
        if (!signal.aborted && queue.length === 0) await send(make())
      }
    },
    finish: async (report, patienceMs) => {
      const deadline = clock.now() + patienceMs
      over.abort() // what is still queued is told better by the last report
      await Promise.race([draining, clock.sleep(2_000)]) // one may be on its way; a silent hub must not eat the patience
      for (let attempt = 0; ; attempt++) {
        const left = deadline - clock.now()
        if (left <= 0) return false
        if ((await send(report, Math.min(left, 5_000))) !== 'failed') return true
        await clock.sleep(Math.min(left, backOffMs(attempt, 250, 2_000, clock.random())))
      }
    },
  }
}

const isReply = (body: unknown): body is ReportReply =>
  typeof body === 'object' && body !== null && 'order' in body && (body.order === 'stop' || body.order === 'continue')

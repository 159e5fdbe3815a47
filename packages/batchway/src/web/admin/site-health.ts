/** What the page says about the parts of the site: what comes in, and its words. */

import type { ClusterHealth } from '../cluster-silence.ts'
import { silenceOf } from '../cluster-silence.ts'
import { count, duration, type TimeWords, took } from '../format.ts'

export interface ClusterState {
  readonly key: string
  readonly title: string
  readonly health: ClusterHealth
  /** Milliseconds of its last answer; null before the first. */
  readonly lastCallMs: number | null
  /** Null until there are two looks to compare. */
  readonly callsPerMinute: number | null
}

/** Answer or silence of a part that is asked when the page is looked at. */
export interface Answered {
  /** Milliseconds; null: no answer within the time it was given. */
  readonly ms: number | null
}

export interface SiteHealth {
  readonly clusters: readonly ClusterState[]
  readonly proxy: Answered & { readonly routes: number }
  readonly database: Answered & { readonly kind: string }
  readonly hub: { readonly startedAt: number; readonly memoryBytes: number; readonly busyShare: number | null }
}

export interface HealthLine {
  readonly name: string
  readonly tone: 'ok' | 'wait' | 'bad'
  readonly word: string
  readonly text: string
  readonly detail: string | null
}

/** An answer that takes longer is told as slow (ms). */
const slowMs = 3_000

export function healthLines(
  { clusters, proxy, database, hub }: SiteHealth,
  sessionsOn: (cluster: string) => number,
  refusalOf: (cluster: string) => string | null,
  times: TimeWords,
  now: number,
): readonly HealthLine[] {
  const part = (name: string, { ms }: Answered, good: string, bad: string): HealthLine => ({
    name,
    tone: ms === null ? 'bad' : ms > slowMs ? 'wait' : 'ok',
    word: ms === null ? 'silent' : ms > slowMs ? 'slow' : 'good',
    text: ms === null ? 'does not answer' : `${good}answers ${ms < 50 ? 'at once' : `in ${took(ms)}`}`,
    detail: ms === null ? bad : null,
  })
  return [
    ...clusters.map((cluster) => clusterLine(cluster, sessionsOn(cluster.key), refusalOf(cluster.key), times, now)),
    part(
      'Proxy',
      proxy,
      `${count(proxy.routes, 'route', 'routes')}, `,
      'Connections go on; routes cannot change until it is back.',
    ),
    part(`Database`, database, `${database.kind}, `, 'Nothing can be started or signed in to until it is back.'),
    {
      name: 'Hub',
      tone: 'ok',
      word: 'good',
      text: [
        `up ${duration((now - hub.startedAt) / 1000)}`,
        `${Math.round(hub.memoryBytes / 2 ** 20)} MB`,
        ...(hub.busyShare === null ? [] : [`busy ${Math.round(hub.busyShare * 100)} %`]),
      ].join(', '),
      detail: null,
    },
  ]
}

function clusterLine(
  { title, health, lastCallMs, callsPerMinute }: ClusterState,
  sessions: number,
  refusal: string | null,
  times: TimeWords,
  now: number,
): HealthLine {
  const name = title
  const silence = silenceOf(health, title, 'Its sessions are', times, now)
  if (silence !== null) {
    const since = health.lastAnswerAt ?? health.failingSince ?? now
    const kept =
      sessions > 0
        ? `${count(sessions, 'session there keeps its', 'sessions there keep their')} last known state. `
        : ''
    return {
      name,
      tone: 'bad',
      word: 'silent',
      text: `silent since ${times.moment(since, now)}`,
      detail: `${kept}${silence.words ?? ''}`.trim() || null,
    }
  }
  if (health.lastAnswerAt === null)
    return { name, tone: 'wait', word: 'not asked yet', text: 'not asked yet', detail: refusal }
  const isSlow = lastCallMs !== null && lastCallMs > slowMs
  const missing = health.missing ?? 0
  const details = [
    missing > 0 ? `Its answers do not show the jobs of ${count(missing, 'session', 'sessions')}.` : '',
    refusal ?? '',
  ].filter((text) => text !== '')
  return {
    name,
    tone: isSlow || details.length > 0 ? 'wait' : 'ok',
    word: isSlow ? 'slow' : details.length > 0 ? 'attention' : 'good',
    text: [
      ...(lastCallMs === null ? ['answers'] : [`${isSlow ? 'slow: ' : 'answers in '}${took(lastCallMs)}`]),
      ...(callsPerMinute === null ? [] : [`${count(Math.round(callsPerMinute), 'call', 'calls')}/min`]),
    ].join(', '),
    detail: details.join(' ') || null,
  }
}

/** Can this hub serve people now? Asks what it cannot do without, and is asked by anybody: so seldom, and without names. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Readiness } from '../api/deps.ts'
import type { Sessions } from '../sessions/sessions.ts'

export interface ReadinessParts {
  /** @throws if it does not answer. */
  readonly askDatabase: () => Promise<unknown>
  /** @throws if it does not answer. */
  readonly askProxy: () => Promise<unknown>
  readonly clusters: readonly string[]
  readonly sessions: Pick<Sessions, 'clusterHealth'>
  /** Unix ms. */
  readonly now: () => number
}

/** An answer is good for so long, however many ask. */
const keptMs = 2_000
/** Who takes longer does not answer. */
const patienceMs = 3_000

async function answers(ask: () => Promise<unknown>): Promise<boolean> {
  const stop = new AbortController()
  const tooLong = delay(patienceMs, false, { signal: stop.signal, ref: false }).catch(() => false)
  try {
    return await Promise.race([ask().then(() => true), tooLong])
  } catch {
    return false // whose failures stand in the log where they hurt
  } finally {
    stop.abort()
  }
}

export function openReadiness({ askDatabase, askProxy, clusters, sessions, now }: ReadinessParts) {
  let last: { readonly at: number; readonly found: Promise<Readiness> } | null = null

  async function look(): Promise<Readiness> {
    const [database, proxy] = await Promise.all([answers(askDatabase), answers(askProxy)])
    const health = clusters.map((key) => sessions.clusterHealth(key))
    const silent = health.filter(({ failingSince }) => failingSince !== null)
    const ages = health.flatMap(({ lastAnswerAt }) => (lastAnswerAt === null ? [] : [(now() - lastAnswerAt) / 1_000]))
    return {
      database,
      proxy,
      schedulers: {
        answering: clusters.length - silent.length,
        silent: silent.length,
        oldestAnswerSeconds: ages.length === 0 ? null : Math.max(0, ...ages),
      },
    }
  }

  return (): Promise<Readiness> => {
    if (last === null || now() - last.at >= keptMs) last = { at: now(), found: look() }
    return last.found
  }
}

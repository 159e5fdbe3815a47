/** What is done now and then while the hub runs. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../core/logger.ts'
import type { KeptSignIns } from '../people/kept-sign-ins.ts'
import type { PeopleService } from '../people/people.ts'
import type { AuditStore } from '../store/audit-store.ts'
import { purgeAudit } from '../store/purge-audit.ts'
import type { RevocationKeeper } from './revocation-keeper.ts'

export interface Chores {
  readonly people: Pick<PeopleService, 'flush' | 'purgeExpired'>
  readonly revocations: Pick<RevocationKeeper, 'tick'>
  readonly kept: Pick<KeptSignIns, 'recheck'>
  readonly audit: AuditStore
  readonly auditKeepSeconds: number
  readonly log: Logger
  now(): number
}

/** Which sign-ins are due is one small query. */
const recheckMs = 5_000
const flushMs = 30_000
const purgeMs = 3_600_000
/** What ends by its time counts as removed, and removals count within seconds. */
const expiryMs = 2_000
const revocationMs = 1_000
/** Each purge leaves an entry of its own: not more of them than needed. */
const auditPurgeMs = 86_400_000

/** @returns what stops it. */
export function startHousekeeping({
  people,
  kept,
  revocations,
  audit,
  auditKeepSeconds,
  log,
  now,
}: Chores): Disposable {
  const timers: NodeJS.Timeout[] = []
  const every = (ms: number, failed: string, work: () => Promise<unknown>): void => {
    const run = (): void => void work().catch((error: unknown) => log.error({ error: String(error) }, failed))
    timers.push(setInterval(run, ms))
  }
  every(flushMs, 'flush failed', () => people.flush())
  every(expiryMs, 'purge failed', () => people.purgeExpired())
  every(revocationMs, 'revocation failed', () => revocations.tick())
  every(recheckMs, 'asking about sign-ins failed', () => kept.recheck())
  let purgedAt = Number.NEGATIVE_INFINITY
  every(purgeMs, 'purge of the audit log failed', async () => {
    if (now() - purgedAt < auditPurgeMs) return
    purgedAt = now()
    const removed = await purgeAudit(audit, { keepSeconds: auditKeepSeconds, now: now(), pause: () => delay(50) })
    if (removed > 0) log.info({ removed }, 'old audit entries removed')
  })
  return {
    [Symbol.dispose]: () => {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

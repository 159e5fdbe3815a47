/** Entries as they are written. */
import type { AuditFilter, AuditStore, StoredAuditEntry } from '../store/audit-store.ts'

/** On PostgreSQL an entry may become visible after one with a higher number: so many numbers back are looked at again. */
const lookBack = 256
/** At one look; more than that at once would be an attack on the log, and the file of the database keeps them all. */
const most = 10_000

export interface FollowParts {
  readonly store: Pick<AuditStore, 'list'>
  readonly filter: AuditFilter
  /** The last entry that was shown; 0 if none was. */
  readonly lastId: number
  show(entry: StoredAuditEntry): void
  /** Resolves after a while; true ends it. */
  pause(): Promise<boolean>
}

export async function followAudit({ store, filter, lastId, show, pause }: FollowParts): Promise<void> {
  let last = lastId
  // What was there before we began is known, whether it was shown or not.
  const seen = new Set(
    (await store.list({ afterId: last - lookBack }, most)).flatMap(({ id }) => (id <= last ? [id] : [])),
  )
  for (;;) {
    const found = await store.list({ ...filter, afterId: last - lookBack }, most)
    for (const entry of found) {
      if (seen.has(entry.id)) continue
      seen.add(entry.id)
      last = Math.max(last, entry.id)
      show(entry)
    }
    for (const id of seen) if (id <= last - lookBack) seen.delete(id)
    if (await pause()) return
  }
}

/** Entries of the audit log go by age alone, and not without an entry that says so. */
import type { AuditStore } from './audit-store.ts'

/** Rows deleted in one statement: a few milliseconds. */
const purgeRows = 500

/**
 * Remove what is older than `keepSeconds`. The entry that says so comes first: without it the database lets nothing go.
 * @param pause between two statements, so that the event loop turns.
 * @returns how many entries were removed.
 */
export async function purgeAudit(
  store: Pick<AuditStore, 'append' | 'oldest' | 'removeBefore'>,
  { keepSeconds, now, pause }: { readonly keepSeconds: number; readonly now: number; pause(): Promise<void> },
): Promise<number> {
  const before = now - keepSeconds * 1_000
  const oldest = await store.oldest()
  if (oldest === null || oldest >= before) return 0
  const detail = `entries before ${new Date(before).toISOString()}`
  await store.append({
    at: now,
    actor: 'system',
    action: 'audit-purged',
    object: String(before),
    address: '',
    way: 'config',
    outcome: 'ok',
    detail,
  })
  let removed = 0
  for (;;) {
    const count = await store.removeBefore(before, purgeRows)
    removed += count
    if (count < purgeRows) return removed
    await pause()
  }
}

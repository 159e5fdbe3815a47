/**
 * Makes a removal count everywhere within seconds: tokens, sign-ins and whatever went with a user or an application are told to the proxy,
 * which cuts what runs with them and lets them not come back, and to the open streams of the hub itself. Unmodified single-user servers
 * remember for five minutes whom the hub let in, and our own gate for up to an hour while the hub is away.
 */
import type { ControlClient, Revoked } from '@batchway/proxy/hub-side'
import type { Logger } from '../core/logger.ts'
import type { Removal } from '../people/removal.ts'
import type { RevokedRow, RevokedStore } from '../store/revoked-store.ts'

export interface RevocationParts {
  readonly store: RevokedStore
  readonly proxy: Pick<ControlClient, 'revoke' | 'instance'>
  /** Caches of people are not to be trusted any more: another process may have removed something. */
  readonly changes: { bump(): void }
  /** The route of the application that an OAuth token was made for; null if nothing runs there, and nothing can remember it. */
  pathOf(clientId: string): Promise<string | null>
  readonly log: Logger
  /** Unix milliseconds. */
  now(): number
}

export interface RevocationKeeper {
  /** Be told of each removal. @returns how to stop being told. */
  subscribe(listener: (removal: Removal) => void): () => void
  /** Look for removals and pass them on. To be called every second; a call while one runs does nothing. */
  tick(): Promise<void>
}

/** Longer than anybody remembers a visitor: the gate goes on for an hour, and five minutes, after the hub's last word. */
export const memorySeconds = 4_200
const rowsAtOnce = 2_000
/** On PostgreSQL a row may become visible after one with a higher number: so many numbers back are looked at again. */
const lookBack = 1_000
/** How often the proxy is asked whether it still knows. */
const compareMs = 2_000

interface Kept {
  readonly row: RevokedRow
  /** Null: nothing for the proxy. */
  readonly revoked: Revoked | null
  readonly seenAt: number
  isTold: boolean
}

export function openRevocationKeeper(parts: RevocationParts): RevocationKeeper {
  const { store, proxy, changes, log, now } = parts
  const listeners = new Set<(removal: Removal) => void>()
  /** In the order of their ids, but for late ones. */
  const kept = new Map<number, Kept>()
  let lastId = 0
  let instance: string | null = null
  let comparedAt = Number.NEGATIVE_INFINITY
  let isRunning = false
  let isFailing = false

  async function toKept(row: RevokedRow): Promise<Kept> {
    const path = row.kind === 'oauth' && row.clientId !== null ? await parts.pathOf(row.clientId) : null
    const isNeedless = row.kind === 'sign-in' || (row.kind === 'oauth' && path === null)
    const revoked = isNeedless ? null : { credential: row.textHash, path }
    return { row, revoked, seenAt: now(), isTold: row.told }
  }

  /** @returns true if there may be more. */
  async function look(): Promise<boolean> {
    const rows = await store.listAfter(Math.max(0, lastId - lookBack), rowsAtOnce)
    const fresh = rows.filter(({ id }) => !kept.has(id))
    if (fresh.length > 0) changes.bump()
    for (const row of fresh) {
      kept.set(row.id, await toKept(row))
      lastId = Math.max(lastId, row.id)
      const removal: Removal =
        row.kind === 'sign-in' ? { kind: 'sign-in', id: row.ref } : { kind: 'token', id: Number(row.ref) }
      for (const listener of listeners) listener(removal)
    }
    return rows.length === rowsAtOnce && fresh.length > 0
  }

  async function tellNew(): Promise<void> {
    const untold = [...kept.values()].filter(({ isTold }) => !isTold)
    if (untold.length === 0) return
    const revoked = untold.flatMap((each) => each.revoked ?? [])
    if (revoked.length > 0) {
      const { cut } = await proxy.revoke(revoked, memorySeconds)
      log.info({ revoked: revoked.length, cut }, 'what was removed does not reach applications any more')
    }
    for (const each of untold) each.isTold = true
    await store.markTold(untold.map(({ row }) => row.id))
  }

  /** A proxy that was started anew knows nothing; neither do we know what it knows when we were. What ran then was cut. */
  async function tellAgain(): Promise<void> {
    const revoked = [...kept.values()].flatMap((each) => each.revoked ?? [])
    if (revoked.length === 0 || now() - comparedAt < compareMs) return
    comparedAt = now()
    const found = await proxy.instance()
    if (found === instance) return
    await proxy.revoke(revoked, memorySeconds, { cut: false })
    instance = found
  }

  async function forgetOld(): Promise<void> {
    let last = 0
    for (const [id, { seenAt, isTold }] of kept) {
      if (now() - seenAt < memorySeconds * 1_000 || !isTold) break
      kept.delete(id)
      last = Math.max(last, id)
    }
    if (last > 0) await store.forget(last)
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async tick() {
      if (isRunning) return
      isRunning = true
      try {
        while (await look());
        await tellNew()
        await tellAgain()
        await forgetOld()
        isFailing = false
      } catch (error) {
        // Once, not every second: it is tried again until it works.
        if (!isFailing) log.error({ error: String(error) }, 'removals could not be passed on, they are tried again')
        isFailing = true
      } finally {
        isRunning = false
      }
    },
  }
}

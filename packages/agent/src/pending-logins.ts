import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'

const lifetimeMs = 10 * 60_000
const maxPending = 1_000

export interface PendingLogin {
  /** PKCE code verifier (RFC 7636). */
  readonly verifier: string
  readonly next: string
}

/** Sign-ins that have left for the hub and not come back: each state works once, for ten minutes, in the browser it was made for. */
export interface PendingLogins {
  /** @param browser the random mark in that browser's state cookie. */
  start(browser: string, next: string): { readonly state: string; readonly challenge: string }
  /** Use up a state. Null: unknown, used, too old or another browser's. */
  take(state: string, browser: string | undefined): PendingLogin | null
}

export function openPendingLogins(clock: Pick<Clock, 'now'>): PendingLogins {
  const pending = new Map<string, PendingLogin & { readonly browser: string; readonly until: number }>()
  return {
    start: (browser, next) => {
      const oldest = pending.keys().next().value
      if (pending.size >= maxPending && oldest !== undefined) pending.delete(oldest)
      const state = randomBytes(24).toString('base64url')
      const verifier = randomBytes(32).toString('base64url')
      pending.set(state, { verifier, next, browser, until: clock.now() + lifetimeMs })
      return { state, challenge: createHash('sha256').update(verifier).digest('base64url') }
    },
    take: (state, browser) => {
      const login = pending.get(state)
      if (!login || browser === undefined || login.browser !== browser) return null // another browser's try must not use it up
      pending.delete(state)
      return clock.now() < login.until ? { verifier: login.verifier, next: login.next } : null
    },
  }
}

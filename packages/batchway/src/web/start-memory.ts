/**
 * What a browser keeps between going to a provider and coming back: sealed, in a cookie of its own for each start, so that several
 * tabs do not disturb each other and strangers who start and never come back cost the hub nothing.
 */
import { createHash } from 'node:crypto'
import { type CookieSettings, serializeHubCookie } from '../core/cookies.ts'
import { openSealedText, sealText } from '../core/sealed-text.ts'

/** Seconds. */
export const startSeconds = 600

export interface StartMemory {
  /** `Login.id`: an answer that one provider gives is never taken for another's. */
  readonly login: string
  readonly state: string
  /** Where the person goes afterwards. */
  readonly next: string | null
  /** The way's own. */
  readonly memory: string
  /** Unix milliseconds. */
  readonly at: number
}

export interface StartSeal {
  /** 32 bytes. */
  readonly key: Buffer
  readonly iv: () => Buffer
}

const isState = (state: string): boolean => /^[\w-]{32,64}$/.test(state)
const nameOf = (state: string): string =>
  `batchway-start-${createHash('sha256').update(state).digest('hex').slice(0, 16)}`
const context = (login: string, state: string): string => `start\n${login}\n${state}`

/** @param path of the callback: no other page sees the cookie. */
export function startCookie(settings: CookieSettings, seal: StartSeal, path: string, start: StartMemory): string {
  const value = sealText(seal.key, context(start.login, start.state), JSON.stringify(start), seal.iv())
  return cookieOf(settings, start.state, path, value, startSeconds)
}

export const clearStartCookie = (settings: CookieSettings, state: string, path: string): string | null =>
  isState(state) ? cookieOf(settings, state, path, '', 0) : null

const cookieOf = (settings: CookieSettings, state: string, path: string, value: string, maxAge: number): string =>
  serializeHubCookie(settings, { name: nameOf(state), value, path, httpOnly: true, maxAge })

/** @returns null if this browser did not start with this `state`, or too long ago, or what it kept was changed. */
export function readStart(
  key: Buffer,
  cookies: ReadonlyMap<string, readonly string[]>,
  { login, state, nowMs }: { readonly login: string; readonly state: string; readonly nowMs: number },
): StartMemory | null {
  if (!isState(state)) return null
  for (const value of cookies.get(nameOf(state))?.slice(0, 4) ?? []) {
    const text = openSealedText(key, context(login, state), value)
    if (text === null) continue
    const start = JSON.parse(text) as StartMemory // ours, since it opened
    const age = nowMs - start.at
    if (age >= 0 && age < startSeconds * 1_000) return start
  }
  return null
}

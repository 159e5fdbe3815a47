import { setTimeout as delay } from 'node:timers/promises'

/** Time and chance, as parameters: tests bring their own. */
export interface Clock {
  /** Unix milliseconds: for what others read. May jump. */
  now(): number
  /** Whole milliseconds since some moment; never jumps, and goes on while the job is suspended: for limits and lengths. */
  monotonic(): number
  /** Resolves after `ms`, or early (without error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** In [0, 1). */
  random(): number
}

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => Math.floor(performance.now()),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
  random: Math.random,
}

/** Exponential back-off with full jitter in its upper half: a thousand jobs waiting for one hub must not come back in step. */
export const backOffMs = (attempt: number, firstMs: number, mostMs: number, random: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20)) * (0.5 + random / 2)

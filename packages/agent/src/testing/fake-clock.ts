import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

/** Time that passes only when the test says so. */
export interface FakeClock extends Clock {
  /** Let time pass step by step: whoever sleeps wakes at his moment. */
  advance(ms: number): Promise<void>
  /** The job is suspended: time passes, and everybody wakes late, at once. */
  suspend(ms: number): Promise<void>
  /** Somebody sets the clock of the machine. */
  setNow(ms: number): void
}

export function fakeClock(): FakeClock {
  let wall = Date.parse('2026-11-22T12:00:00Z')
  let elapsed = 0
  const sleepers = new Set<{ at: number; wake(): void }>()
  /** Promises and the event loop settle: nobody in these tests waits for anything but this clock. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await nextTurn()
  }
  const pass = (ms: number): void => {
    elapsed += ms
    wall += ms
  }
  const wakeDue = (): void => {
    for (const sleeper of sleepers) if (sleeper.at <= elapsed) sleeper.wake()
  }

  return {
    now: () => wall,
    monotonic: () => elapsed,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          at: elapsed + ms,
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        sleepers.add(sleeper)
        if (signal?.aborted) sleeper.wake()
        else signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
    advance: async (ms) => {
      const end = elapsed + ms
      await settle()
      for (;;) {
        const next = Math.min(...[...sleepers].map(({ at }) => at))
        if (next > end) break
        pass(Math.max(0, next - elapsed))
        wakeDue()
        await settle()
      }
      pass(end - elapsed)
    },
    suspend: async (ms) => {
      pass(ms)
      wakeDue()
      await settle()
    },
    setNow: (ms) => {
      wall = ms
    },
  }
}

/** A clock that only moves when told, and the sleep that goes with it. */
import { setImmediate as nextTurn } from 'node:timers/promises'

export interface FakeClock {
  now(): number
  /** Like the service's own: never rejects, wakes early when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Let the time go by; whatever wakes up on the way runs until it rests. */
  advance(ms: number): Promise<void>
  /** Let everything that needs no time run until it rests. */
  settle(): Promise<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** @param turns of the event loop after which everything rests; each yield of the code under test takes one. */
export function fakeClock(start = 1_700_000_000_000, turns = 6): FakeClock {
  let now = start
  const sleepers = new Set<Sleeper>()

  async function settle(): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn()
  }

  return {
    now: () => now,
    settle,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted || ms <= 0) {
          resolve()
          return
        }
        const sleeper: Sleeper = {
          at: now + ms,
          wake() {
            sleepers.delete(sleeper)
            signal.removeEventListener('abort', sleeper.wake)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal.addEventListener('abort', sleeper.wake)
      }),
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.at - b.at)
        if (!next || next.at > end) break
        now = Math.max(now, next.at)
        next.wake()
        await settle()
      }
      now = end
      await settle()
    },
  }
}

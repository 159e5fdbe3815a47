/**
 * Shares the event loop out. Promises that need not wait for the world run on without it turning once, and so do the handlers of all
 * requests that arrived together: who has much to do asks here before each piece, so that others (timers, connections) come to their turn.
 */

export interface Turns {
  /** Resolves at once, or in a later turn of the loop if this one has lasted long enough; in the order of asking. */
  next(): Promise<void>
  /** Runs `act` at once or in a later turn, in the order of asking. */
  run(act: () => void): void
}

/** How long (ms) one turn may last before others come first. A piece that began is never cut: it should be much shorter. */
const turnMs = 8
/** Of those who wait, so many may be let in by one turn. */
const doors = 64

/**
 * @param now any clock in milliseconds that does not jump.
 * @param later calls back in the next turn of the event loop, in the order of asking; what a call leaves to promises is done before the next.
 */
export function openTurns(now: () => number, later: (act: () => void) => void): Turns {
  const waiting: (() => void)[] = []
  let beganAt: number | null = null
  let open = 0

  function isOver(): boolean {
    if (beganAt === null) {
      beganAt = now()
      later(() => {
        beganAt = null
      })
    }
    return now() - beganAt >= turnMs
  }

  function door(): void {
    if (!isOver()) waiting.shift()?.()
    if (waiting.length > 0) later(door)
    else open -= 1
  }

  function run(act: () => void): void {
    if (waiting.length === 0 && !isOver()) {
      act()
      return
    }
    waiting.push(act)
    if (open >= doors) return
    open += 1
    later(door)
  }

  return { run, next: () => new Promise((resolve) => run(resolve)) }
}

/** Of this process: there is one event loop. */
export const eventLoop: Turns = openTurns(() => performance.now(), setImmediate)

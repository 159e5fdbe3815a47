import type { Duplex } from 'node:stream'

/**
 * Join two connections: bytes both ways with backpressure, an end passed on as an end (half-close), and both gone when either
 * breaks. Both must allow half-open.
 * @param touch called whenever bytes pass.
 */
export function splice(left: Duplex, right: Duplex, touch: () => void): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.on('data', touch)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      // Closed in good order means: it ended, and all that was written to it has gone out. Then `pipe` has ended the other side.
      if (!from.readableEnded || !to.readableEnded) to.destroy()
    })
    from.pipe(to)
  }
}

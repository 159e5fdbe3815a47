import { setImmediate as nextTurn } from 'node:timers/promises'

/** Rows per transaction: on SQLite some 2 ms of the event loop. */
const chunkSize = 100

/** Write many small changes in several transactions, with a turn of the event loop between: `await` alone gives none with SQLite. */
export async function inChunks<T>(items: Iterable<T>, write: (chunk: readonly T[]) => Promise<void>): Promise<void> {
  const rest = [...items]
  while (rest.length > 0) {
    await write(rest.splice(0, chunkSize))
    if (rest.length > 0) await nextTurn()
  }
}

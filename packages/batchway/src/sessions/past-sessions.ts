/** The sessions that ended in the last days, in few words each: for figures that administrators look at again and again. */
import { eventLoop, type Turns } from '../core/turns.ts'
import type { PastSession, PastStore } from './past-store.ts'

export interface PastSessions {
  /** At most `days` back, in no order; as old as `freshMs` at most. */
  list(): Promise<readonly PastSession[]>
}

export const pastDays = 7
/** Rows of one statement: each holds JSON that has to be read. */
const rowsAtOnce = 50
const freshMs = 10_000
/** A row may be written a moment after the time it names. */
const overlapMs = 60_000
/** Nobody looks any more: what was read is let go. */
const forgetMs = 15 * 60_000

interface Parts {
  readonly store: PastStore
  readonly now: () => number
  readonly turns?: Turns
}

/** Reads what is new since it was last asked, in turns with everything else; the first time all of it. */
export function openPastSessions({ store, now, turns = eventLoop }: Parts): PastSessions {
  let known = new Map<string, PastSession>()
  let readAt = 0
  let readUpTo = 0
  let reading: Promise<readonly PastSession[]> | null = null

  async function read(): Promise<readonly PastSession[]> {
    const from = now() - pastDays * 86_400_000
    if (now() - readAt > forgetMs) known = new Map()
    for (const [id, { endedAt }] of known) if (endedAt < from) known.delete(id)
    const begin = now()
    let after = { endedAt: known.size === 0 ? from : Math.max(from, readUpTo - overlapMs), id: '' }
    for (;;) {
      await turns.next()
      const page = await store.listEndedAfter(after, rowsAtOnce)
      for (const session of page) known.set(session.id, session)
      const last = page.at(-1)
      if (last === undefined || page.length < rowsAtOnce) break
      after = last
    }
    readUpTo = begin
    readAt = now()
    return [...known.values()]
  }

  return {
    list() {
      if (reading !== null) return reading
      if (readAt > 0 && now() - readAt < freshMs) return Promise.resolve([...known.values()])
      reading = read().finally(() => {
        reading = null
      })
      return reading
    },
  }
}

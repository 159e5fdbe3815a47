/** Notices that the row of a living session was lost: its copy in memory would keep a ghost alive. */
import type { Room } from './room.ts'
import type { Session } from './session.ts'

export interface RowCheck {
  /** To be called every second; asks for one list of ids from time to time. @returns the sessions whose row is gone. */
  tick(): Promise<readonly Session[]>
}

const everyMs = 20_000

export function openRowCheck({ store, active, now }: Pick<Room, 'store' | 'active' | 'now'>): RowCheck {
  let checkedAt = now()
  return {
    async tick() {
      if (active.size === 0 || now() - checkedAt < everyMs) return []
      checkedAt = now()
      const before = [...active.values()]
      const ids = new Set(await store.listActiveIds())
      const lost: Session[] = []
      for (const session of before) {
        if (ids.has(session.id) || !active.has(session.id)) continue
        // It may have ended this very moment: only a row that is nowhere is lost.
        if ((await store.find(session.id)) === null) lost.push(session)
      }
      return lost
    },
  }
}

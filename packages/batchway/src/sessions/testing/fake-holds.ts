/** Holds without files: each is what the test says, else free as soon as the submit is over. */
import type { HoldState } from '@batchway/schedulers'
import type { SubmitHolds } from '../submit-holds.ts'

export interface FakeHolds extends SubmitHolds {
  /** By tag; `free` where nothing is said. */
  readonly states: Map<string, HoldState>
  /** Tags whose hold was asked for and not released. */
  readonly open: Set<string>
}

export function fakeHolds(): FakeHolds {
  const states = new Map<string, HoldState>()
  const open = new Set<string>()
  return {
    states,
    open,
    pathOf(tag) {
      open.add(tag)
      return `/holds/${tag}`
    },
    state: (tag) => states.get(tag) ?? 'free',
    release: (tag) => void open.delete(tag),
    prune(isWanted) {
      for (const tag of open) if (!isWanted(tag)) open.delete(tag)
    },
  }
}

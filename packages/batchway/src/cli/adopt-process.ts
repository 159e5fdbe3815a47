import { setTimeout as delay } from 'node:timers/promises'
import { isProcessAlive } from '@batchway/schedulers'

/** A process that is kept: a child, or one that another start left. */
export interface Kept {
  readonly pid: number | undefined
  /** Exit code; null after a signal, or where nobody can know. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

/** Only our own children tell when they end; this one has to be looked at. */
const lookMs = 200

/** Keep a process that is not our child. @param start see `processStart`. */
export function adoptProcess({ pid, start }: { readonly pid: number; readonly start: string }): Kept {
  async function untilGone(): Promise<null> {
    while (isProcessAlive(pid, start)) await delay(lookMs)
    return null
  }
  return {
    pid,
    ended: untilGone(),
    kill(signal) {
      try {
        if (isProcessAlive(pid, start)) process.kill(pid, signal)
      } catch {
        // it ended at this very moment
      }
    },
  }
}

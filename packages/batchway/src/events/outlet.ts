import type { EventLine } from './event-line.ts'

/** One open way out of this process: a file, a connection, a program. What it cannot take at once it makes its caller wait for. */
export interface Outlet {
  /**
   * Resolves when all these lines left this process, or are in the hands of the system. Never resolves while the receiver hangs.
   * @throws when it is broken: some of the lines may have gone out.
   */
  send(lines: readonly EventLine[]): Promise<void>
  /** Let go, finishing what was handed over where that takes no waiting for a receiver. */
  close(): Promise<void>
}

/** @throws with words for the administrator. @param signal aborts an attempt that takes too long. */
export type OpenOutlet = (signal: AbortSignal) => Promise<Outlet>

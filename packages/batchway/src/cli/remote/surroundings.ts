/** What the commands over the API take from the machine: in tests each part is another one. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Standard output: what a program or a person asked for. */
  out(text: string): void
  /** Standard error: what goes on meanwhile. */
  err(text: string): void
  /** Columns of the terminal; null where the output goes elsewhere, and nothing needs to be cut. */
  readonly columns: number | null
  readonly pause: (milliseconds: number) => Promise<void>
}

export const realSurroundings = (): Surroundings => ({
  env: process.env,
  fetch: (url, init) => fetch(url, init),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  pause: (milliseconds) => sleep(milliseconds),
})

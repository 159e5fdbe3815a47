/** The holds of submits that run on this login node (see `hold.ts`): named by the hub, kept in one folder. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type HoldState, holdState, makeHold } from '../hold.ts'

export interface LoginNodeHolds {
  pathOf(name: string): string
  make(name: string): Promise<void>
  look(name: string): HoldState
  remove(name: string): void
}

/** No submit lives so long, and no hub asks so late. */
const keptMs = 7 * 86_400_000

/**
 * @param bootId of this machine: a hold of an earlier boot, or of another login node with the same folder, is no hold here.
 * @throws if the folder is not there and cannot be made.
 */
export function openHolds(directory: string, bootId: string, now: number): LoginNodeHolds {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pathOf = (name: string): string => join(directory, `${name}.${bootId.slice(0, 8)}`)
  for (const name of readdirSync(directory)) {
    const { mtimeMs } = statSync(join(directory, name), { throwIfNoEntry: false }) ?? { mtimeMs: now }
    if (/^[A-Za-z][A-Za-z0-9-]{0,30}\.[0-9a-f]{8}$/.test(name) && mtimeMs < now - keptMs)
      rmSync(join(directory, name), { force: true })
  }
  return {
    pathOf,
    make: (name) => makeHold(pathOf(name)),
    look: (name) => holdState(pathOf(name)),
    remove: (name) => rmSync(pathOf(name), { force: true }),
  }
}

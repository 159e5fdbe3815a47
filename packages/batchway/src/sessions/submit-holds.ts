/** Where the submits under way are held, so that a hub that comes after knows whether one of their processes still lives. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type HoldState, holdState, type LoginNode, readBootId } from '@batchway/schedulers'

export interface SubmitHolds {
  /** The hold's path for `Cluster.submit`. */
  pathOf(tag: string): string
  /** `absent` too when it cannot be looked at: nobody can tell then. */
  state(tag: string): HoldState | Promise<HoldState>
  /** What became of the submit is known. */
  release(tag: string): void
  /** Release what earlier hubs left, but for the tags that are still wanted. */
  prune(isWanted: (tag: string) => boolean): void
}

/**
 * @param directory private to the hub; made if need be. Not for several machines: the names carry the boot of this one, so that another
 * machine, or this one after a restart, finds no hold and says so.
 */
export function openSubmitHolds(
  directory: string,
  bootId = readBootId(),
): SubmitHolds & { state(tag: string): HoldState } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const suffix = `.${bootId.slice(0, 8)}`
  const known = new Set(readdirSync(directory))
  const remove = (name: string): void => {
    if (known.delete(name)) rmSync(join(directory, name), { force: true })
  }
  return {
    pathOf(tag) {
      known.add(tag + suffix)
      return join(directory, tag + suffix)
    },
    state(tag) {
      try {
        return holdState(join(directory, tag + suffix))
      } catch {
        return 'absent'
      }
    },
    release: (tag) => remove(tag + suffix),
    prune(isWanted) {
      for (const name of known) if (!name.endsWith(suffix) || !isWanted(name.slice(0, -suffix.length))) remove(name)
    },
  }
}

/**
 * The holds of submits that run on a login node.
 * A node that does not answer proves nobody dead: what was held there counts as held until it can be asked.
 */
export const remoteHolds = ({ holdState, releaseHold }: Pick<LoginNode, 'holdState' | 'releaseHold'>): SubmitHolds => ({
  pathOf: (tag) => tag,
  state: (tag) => holdState(tag).catch(() => 'held'),
  release: releaseHold,
  // Others may have holds there; the node drops old ones itself.
  prune() {},
})

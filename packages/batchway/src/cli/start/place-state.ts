/** Where a personal gateway keeps its state: at home, unless home is on a file system that hosts share. Pure. */
import { join } from 'node:path'

export interface StateFacts {
  /** `--state`, absolute. */
  readonly asked?: string
  /** `$XDG_STATE_HOME`, or `~/.local/state`. */
  readonly stateHome: string
  /** `$XDG_DATA_HOME`, or `~/.local/share`. */
  readonly dataHome: string
  readonly uid: number
  /** Name of the network file system that a path lies on or would lie on; null for a local one. */
  readonly networkOf: (path: string) => string | null
}

export interface StatePlace {
  /** Database, sockets, secrets: on a disk of this machine. */
  readonly directory: string
  /** What jobs run (agent, virtual environment): where compute nodes see it, if they see the home at all. */
  readonly shared: string
  /** What to tell the user, if it is not the usual place. */
  readonly words: string | null
}

/** A unix socket's path has at most 107 bytes (unix(7)); the longest name below the directory is `/local/scheduler.sock`. */
const longestPath = 107 - '/local/scheduler.sock'.length

const isTooLong = (path: string): boolean => Buffer.byteLength(path) > longestPath

/** @throws {Error} with words, if the folder that was asked for cannot do. */
export function placeState({ asked, stateHome, dataHome, uid, networkOf }: StateFacts): StatePlace {
  const local = `/var/tmp/batchway-${uid}`
  if (asked !== undefined) {
    const network = networkOf(asked)
    if (network !== null)
      throw new Error(
        `${asked} lies on ${network}, where the database would lose data. Give --state a folder on a disk of this machine, e.g. ${local}`,
      )
    if (isTooLong(asked))
      throw new Error(
        `${asked} is too long a path for the sockets in it: give --state one of at most ${longestPath} bytes`,
      )
    return { directory: asked, shared: asked, words: null }
  }
  const own = join(stateHome, 'batchway')
  const network = networkOf(own)
  if (network !== null)
    return {
      directory: local,
      shared: join(dataHome, 'batchway'),
      words: `${stateHome} lies on ${network}, where a database loses data: state is kept on this machine's disk, in ${local}`,
    }
  if (isTooLong(own))
    return { directory: local, shared: own, words: `${own} is too long a path for sockets: state is kept in ${local}` }
  return { directory: own, shared: own, words: null }
}

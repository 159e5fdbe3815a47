/** Hubs and proxies whose `batchway start` was killed: they run on, and nobody would ever stop them. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** In the environment of each child of `batchway start`: the state directory it works for. */
export const starterMark = 'BATCHWAY_STARTED_FOR'

const words = (pid: number, file: 'environ' | 'cmdline'): readonly string[] =>
  readFileSync(`/proc/${pid}/${file}`, 'latin1').split('\0')

/**
 * Pids of this account's hubs and proxies that carry the mark. Only asked by the one who holds the starter's lock and has started none yet.
 * The mark alone is not enough: what a hub submits may have inherited it.
 */
export function findOrphans(stateDirectory: string): number[] {
  const wanted = `${starterMark}=${Buffer.from(stateDirectory).toString('latin1')}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          pid !== process.pid &&
          words(pid, 'cmdline').some((word) => word === 'hub' || word.startsWith('--control=')) &&
          words(pid, 'environ').includes(wanted)
        )
      } catch {
        return false // somebody else's, or gone
      }
    })
}

/** SIGTERM, and SIGKILL for what has not ended after `patienceMs`. */
export async function endOrphans(stateDirectory: string, patienceMs = 10_000): Promise<number> {
  const found = findOrphans(stateDirectory)
  const send = (signal: NodeJS.Signals): void => {
    for (const pid of findOrphans(stateDirectory)) {
      try {
        process.kill(pid, signal)
      } catch {
        // it ended in the meantime
      }
    }
  }
  if (found.length > 0) send('SIGTERM')
  for (let waited = 0; findOrphans(stateDirectory).length > 0; waited += 50) {
    if (waited >= patienceMs) send('SIGKILL')
    await delay(50)
  }
  return found.length
}

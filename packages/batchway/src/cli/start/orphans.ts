/** Hubs and proxies whose `batchway start` was killed: they run on, and nobody would ever stop them or start them again. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { processStart } from '@batchway/schedulers'

/** In the environment of each child of `batchway start`: the state directory it works for. */
export const starterMark = 'BATCHWAY_STARTED_FOR'

export interface Orphan {
  readonly pid: number
  /** See `processStart`: the pid alone may mean another process one day. */
  readonly start: string
  readonly argv: readonly string[]
}

const words = (pid: number, file: 'environ' | 'cmdline'): readonly string[] =>
  readFileSync(`/proc/${pid}/${file}`, 'latin1').split('\0').slice(0, -1)

function readOrphan(pid: number, mark: string): Orphan | null {
  try {
    const [start, argv] = [processStart(pid), words(pid, 'cmdline')]
    const isPart = argv.some((word) => word === 'hub' || word.startsWith('--control='))
    return start !== null && isPart && words(pid, 'environ').includes(mark) ? { pid, start, argv } : null
  } catch {
    return null // somebody else's, or gone
  }
}

/**
 * This account's hubs and proxies that carry the mark. Only asked by the one who holds the starter's lock and has started none yet.
 * The mark alone is not enough: what a hub submits may have inherited it.
 */
export function findOrphans(stateDirectory: string): Orphan[] {
  const mark = `${starterMark}=${Buffer.from(stateDirectory).toString('latin1')}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => readOrphan(Number(name), mark) ?? [])
}

/** Does it run what we would start now: the same program with the same arguments? */
export function isSameProgram({ argv }: Orphan, wanted: readonly string[]): boolean {
  const words = wanted.map((word) => Buffer.from(word).toString('latin1'))
  return isDeepStrictEqual(argv.slice(-words.length), words)
}

/**
 * SIGTERM, and SIGKILL for what has not ended after `patienceMs`.
 * @param spared is left as it is.
 * @returns how many were ended.
 */
export async function endOrphans(stateDirectory: string, spared?: Orphan, patienceMs = 10_000): Promise<number> {
  const find = (): Orphan[] => findOrphans(stateDirectory).filter(({ pid }) => pid !== spared?.pid)
  const found = find()
  const send = (signal: NodeJS.Signals): void => {
    for (const { pid } of find()) {
      try {
        process.kill(pid, signal)
      } catch {
        // it ended in the meantime
      }
    }
  }
  if (found.length > 0) send('SIGTERM')
  for (let waited = 0; find().length > 0; waited += 50) {
    if (waited >= patienceMs) send('SIGKILL')
    await delay(50)
  }
  return found.length
}

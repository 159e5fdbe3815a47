import type { Clock } from './clock.ts'
import { markVariable } from './environment.ts'
import { jobMark } from './job-identity.ts'
import {
  carries,
  descendantsOf,
  listProcesses,
  type ProcessEntry,
  readDescendants,
  readEnvironment,
  readProcess,
} from './process-table.ts'

/**
 * Everything that belongs to the session: descendants of the agent, processes that carry its mark in their environment (Jupyter's
 * kernels and terminals are in sessions of their own and outlive their parent), and whatever was seen to be one of these before
 * (a program started with an empty environment that has since lost its parent).
 * Jobs that the user submits from inside inherit the mark too, but have a job id of their own: they are spared.
 */
export interface SessionProcesses {
  /** Who lives now. Also remembers them for later calls. */
  list(): ProcessEntry[]
  /** Those of them that are below the agent still: found without looking at all that runs on the node. */
  near(): ProcessEntry[]
  /** SIGTERM, then after `graceMs` SIGKILL until nothing is left. Resolves to the number that had to be killed. */
  end(graceMs: number): Promise<number>
}

/** @param environment what the application was started with: its mark, and the job id that its processes carry. */
export function watchSessionProcesses(environment: Readonly<Record<string, string>>, clock: Clock): SessionProcesses {
  const mark = environment[markVariable] ?? ''
  const job = jobMark(environment)
  const known = new Map<number, string>()

  const isOfThisJob = (pid: number): boolean => {
    const other = jobMark(readEnvironment(pid) ?? {})
    return other === '' || other === job
  }

  const list = (): ProcessEntry[] => {
    const table = listProcesses()
    const starts = new Map(table.map(({ pid, start }) => [pid, start]))
    for (const [pid, start] of known) if (starts.get(pid) !== start) known.delete(pid)
    const family = new Set(descendantsOf(new Set([process.pid, ...known.keys()]), table).map((entry) => entry.pid))
    const ours = table.filter(({ pid, isZombie }) => {
      if (pid === process.pid || isZombie) return false
      if (!family.has(pid) && !known.has(pid) && !carries(pid, markVariable, mark)) return false
      return isOfThisJob(pid)
    })
    for (const entry of ours) known.set(entry.pid, entry.start)
    return ours
  }

  const signalAll = (entries: readonly ProcessEntry[], signal: NodeJS.Signals): void => {
    for (const { pid, start } of entries) {
      if (readProcess(pid)?.start !== start) continue // the pid is someone else's by now
      try {
        process.kill(pid, signal)
      } catch {
        // gone, or a set-uid program we may not signal
      }
    }
  }

  const waitUntilNone = async (ms: number, each: (left: readonly ProcessEntry[]) => void): Promise<boolean> => {
    for (const deadline = clock.monotonic() + ms; ; ) {
      const left = list()
      if (left.length === 0) return true
      if (clock.monotonic() >= deadline) return false
      each(left)
      await clock.sleep(50)
    }
  }

  return {
    list,
    near: () => readDescendants(process.pid).filter(({ pid, isZombie }) => !isZombie && isOfThisJob(pid)),
    end: async (graceMs) => {
      const first = list()
      if (first.length === 0) return 0
      signalAll(first, 'SIGTERM')
      signalAll(first, 'SIGHUP') // interactive shells ignore SIGTERM
      signalAll(first, 'SIGCONT')
      if (await waitUntilNone(graceMs, () => undefined)) return 0
      const killed = list().length
      await waitUntilNone(5_000, (left) => signalAll(left, 'SIGKILL'))
      return killed
    },
  }
}

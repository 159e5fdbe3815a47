import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessStat, readStat } from './process-identity.ts'

/** The variable that marks a job's processes: its value is the job's id, which ends in random digits. */
export const markVariable = 'BATCHWAY_LOCAL_JOB_ID'

/**
 * All processes of one job of our own uid, also those that left its process group and session (Jupyter's kernels and terminals do):
 * marked in their environment, or descended from one that is, or in a session that one of them leads, or once seen as any of these.
 */
export interface JobProcesses {
  /** Living members now. Costs one look at /proc; verdicts on environments are kept. */
  scan(): ProcessStat[]
  /** Send a signal to every member. @returns how many there were. */
  signal(name: NodeJS.Signals): number
  /** SIGKILL until none is left. @returns how many outlived the limit (stuck in the kernel, or no longer of our uid). */
  killAll(limitMs: number): Promise<number>
  /** Memory in use in KiB; PSS when the cheaper RSS, which counts shared pages for each process, is over `limitKiB`. */
  memoryKiB(limitKiB: number): number
}

/** @param roots pids known to be members (the script's). @param spare pids never to be touched (the shepherd itself). */
export function jobProcesses(jobId: string, roots: readonly number[], spare: ReadonlySet<number>): JobProcesses {
  const uid = process.getuid?.() ?? -1
  const mark = `${markVariable}=${jobId}`
  const verdicts = new Map<string, boolean>()
  const sessions = new Set<number>()
  for (const root of roots) {
    const stat = readStat(root)
    if (stat) verdicts.set(`${stat.pid}:${stat.startTicks}`, true)
    sessions.add(root)
  }

  // What made itself undumpable (ssh-agent does) shows as root's under /proc: only descent can tell whose it is.
  const candidates = (): ProcessStat[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && [uid, 0].includes(statOwner(name)))
      .flatMap((name) => readStat(Number(name)) ?? [])
      .filter((stat) => stat.state !== 'Z' && stat.state !== 'X' && !spare.has(stat.pid))

  function scan(): ProcessStat[] {
    const all = candidates()
    const members = new Map<number, ProcessStat>()
    const join = (stat: ProcessStat): void => {
      members.set(stat.pid, stat)
      verdicts.set(`${stat.pid}:${stat.startTicks}`, true)
      if (stat.session === stat.pid) sessions.add(stat.session)
    }
    for (const stat of all) if (isMarked(stat)) join(stat)
    // Descendants of members, and of their descendants: until nothing new turns up.
    for (let before = -1; before !== members.size; ) {
      before = members.size
      for (const stat of all)
        if (!members.has(stat.pid) && (members.has(stat.parent) || sessions.has(stat.session))) join(stat)
    }
    forgetDead(all)
    return [...members.values()].filter(({ pid }) => isOurs(pid))
  }

  /** A positive verdict holds for the process's life; a negative one does not, for an `exec` may still bring the mark. */
  function isMarked(stat: ProcessStat): boolean {
    if (verdicts.get(`${stat.pid}:${stat.startTicks}`)) return true
    try {
      return readFileSync(`/proc/${stat.pid}/environ`, 'latin1').split('\0').includes(mark)
    } catch {
      return false // gone, or undumpable: then descent must tell
    }
  }

  function forgetDead(living: readonly ProcessStat[]): void {
    const keys = new Set(living.map((stat) => `${stat.pid}:${stat.startTicks}`))
    for (const key of verdicts.keys()) if (!keys.has(key)) verdicts.delete(key)
    const used = new Set(living.map((stat) => stat.session))
    for (const session of sessions) if (!used.has(session)) sessions.delete(session)
  }

  function signal(name: NodeJS.Signals): number {
    const members = scan()
    for (const { pid, startTicks } of members) {
      if (readStat(pid)?.startTicks !== startTicks) continue
      try {
        process.kill(pid, name)
      } catch {
        // Gone meanwhile, or it changed its uid: nothing we may do.
      }
    }
    return members.length
  }

  async function killAll(limitMs: number): Promise<number> {
    const giveUpAt = performance.now() + limitMs
    // Frozen first, so that nothing forks between a look and the blow.
    signal('SIGSTOP')
    for (;;) {
      const left = signal('SIGKILL')
      if (left === 0 || performance.now() > giveUpAt) return left
      await sleep(20)
    }
  }

  const sum = (members: readonly ProcessStat[], read: (pid: number) => number): number =>
    members.reduce((total, { pid }) => total + read(pid), 0)

  function memoryKiB(limitKiB: number): number {
    const members = scan()
    const rss = sum(members, (pid) => readKiB(`/proc/${pid}/status`, 'VmRSS'))
    return rss <= limitKiB
      ? rss
      : Math.min(
          rss,
          sum(members, (pid) => readKiB(`/proc/${pid}/smaps_rollup`, 'Pss')),
        )
  }

  return { scan, signal, killAll, memoryKiB }
}

/** May we signal it? A command under `sudo` inside the job is root's, and out of our reach. */
function isOurs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function statOwner(pid: string): number {
  try {
    return statSync(`/proc/${pid}`).uid
  } catch {
    return -1
  }
}

/** One `Name:  123 kB` line of a file under /proc; 0 if the process is gone or the line is not there. @see proc(5) */
function readKiB(path: string, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

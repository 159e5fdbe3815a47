import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** One running process as Linux shows it. `start` (clock ticks since boot) makes a reused pid another process. */
export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly start: string
  readonly isZombie: boolean
  /** User and system time including waited-for children, in clock ticks. */
  readonly ticks: number
  readonly residentPages: number
}

/** Read `/proc/PID/stat`; null when the process is gone. @see proc_pid_stat(5) */
export function readProcess(pid: number): ProcessEntry | null {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

/** The command name may hold blanks and brackets: fields count from the last `)`. */
export function parseStat(pid: number, text: string): ProcessEntry | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index] ?? Number.NaN)
  const start = fields[19]
  if (start === undefined) return null
  return {
    pid,
    parent: number(1),
    start,
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    ticks: number(11) + number(12) + number(13) + number(14),
    residentPages: number(21),
  }
}

export function listProcesses(): ProcessEntry[] {
  return readdirSync('/proc').flatMap((name) => {
    const found = /^\d+$/.test(name) ? readProcess(Number(name)) : null
    return found ? [found] : []
  })
}

/** Environment a process was started with; null if it is gone or another user's. */
export function readEnvironment(pid: number): Record<string, string> | null {
  const text = environmentText(pid)
  if (text === null) return null
  const pairs = text.split('\0')
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2)).filter(([name]) => name))
}

/** Does its environment hold this very variable? Far cheaper than taking apart the environments of all that runs on a node. */
export function carries(pid: number, name: string, value: string): boolean {
  // Of other users' processes, and of the kernel's, there is nothing to read: asking whose it is costs less than failing.
  if (ownerOf(pid) !== process.getuid?.()) return false
  return `\0${environmentText(pid)}`.includes(`\0${name}=${value}\0`)
}

function ownerOf(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null
  } catch {
    return null // hidden from us
  }
}

/** Each variable ends with a NUL. */
function environmentText(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return null
  }
}

/** Does the process hold the socket with this inode? Null when we may not look. */
export function holdsSocket(pid: number, inode: string): boolean | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`
      } catch {
        return false // closed between the two calls
      }
    })
  } catch {
    return null
  }
}

/**
 * Descendants of a process, from what the kernel tells of each: a few files, where `listProcesses` reads those of all that runs on the
 * node. Empty where the kernel does not tell (CONFIG_PROC_CHILDREN); those that lost a parent in between are missing.
 */
export function readDescendants(root: number): ProcessEntry[] {
  const found: ProcessEntry[] = []
  const seen = new Set([root])
  const queue = [root]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of readChildren(pid)) {
      if (seen.has(child)) continue
      seen.add(child)
      queue.push(child)
      const entry = readProcess(child)
      if (entry) found.push(entry)
    }
  }
  return found
}

/** Each thread has children of its own. @see proc_pid_task(5) */
function readChildren(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return [] // gone, or not told
  }
}

/** All descendants of the given processes, themselves not included. Pure. */
export function descendantsOf(roots: ReadonlySet<number>, table: readonly ProcessEntry[]): ProcessEntry[] {
  const children = Map.groupBy(table, (entry) => entry.parent)
  const found: ProcessEntry[] = []
  const seen = new Set(roots)
  const queue = [...roots]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (seen.has(child.pid)) continue
      seen.add(child.pid)
      found.push(child)
      queue.push(child.pid)
    }
  }
  return found
}

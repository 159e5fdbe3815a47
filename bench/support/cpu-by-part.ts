/** Who used the processors between two moments, from /proc: what decides where everything shares two cores. */
import { readdirSync, readFileSync } from 'node:fs'

interface Process {
  readonly name: string
  readonly commandLine: string
  /** CPU milliseconds of the process itself, and of the children it has waited for. */
  readonly ownMs: number
  readonly childrenMs: number
}

/** First match counts. `children` names what the part has started and waited for, where that is somebody else's work. */
const parts: readonly {
  readonly part: string
  readonly is: (process: Process) => boolean
  readonly children?: string
}[] = [
  { part: 'helper', is: ({ commandLine }) => commandLine.includes('/command-helper.'), children: 'scheduler commands' },
  { part: 'hub', is: ({ commandLine }) => /cli\/main\.ts hub /.test(commandLine) },
  { part: 'proxy', is: ({ commandLine }) => /cli\/main\.ts proxy |configurable-http-proxy/.test(commandLine) },
  {
    part: 'jupyterhub',
    is: ({ commandLine }) => commandLine.includes('jupyterhub_config.py'),
    children: 'scheduler commands',
  },
  { part: 'application', is: ({ commandLine }) => commandLine.includes('stub-server.py') },
  // The job script becomes the agent: what it has waited for are the script's own commands.
  { part: 'agent', is: ({ commandLine }) => commandLine.includes('/dist/bin.js'), children: 'job script' },
  { part: 'slurmstepd', is: ({ name }) => name.startsWith('slurmstepd'), children: 'slurmstepd' },
  {
    part: 'slurm',
    is: ({ name }) => /^(slurmctld|slurmd|slurmdbd|munged|mariadbd|mysqld)/.test(name),
    children: 'slurm',
  },
  { part: 'bench', is: ({ commandLine }) => commandLine.includes('bench/') },
]

function readProcess(pid: string): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = (from: number): number => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) * 10 // utime and stime, cutime and cstime
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return { name, commandLine, ownMs: ticks(11), childrenMs: ticks(13) }
  } catch {
    return null // it has ended
  }
}

function usedMs(): { readonly byPart: Map<string, number>; readonly machineMs: number } {
  const byPart = new Map<string, number>()
  const add = (part: string, ms: number): void => void byPart.set(part, (byPart.get(part) ?? 0) + ms)
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const process = readProcess(pid)
    const known = process && parts.find(({ is }) => is(process))
    if (!process || !known) continue
    add(known.part, process.ownMs)
    if (known.children) add(known.children, process.childrenMs)
  }
  const [, user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = (
    /^cpu .*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? ''
  )
    .split(/ +/)
    .map(Number)
  return { byPart, machineMs: (user + nice + system + interrupts + softInterrupts) * 10 }
}

/**
 * Begins to count. The returned function tells CPU milliseconds per start and part since then, of processes that still live and of what they
 * have waited for; `machine` is everything that ran, others' work on the same machine included.
 */
export function countCpu(): (starts: number) => Readonly<Record<string, number>> {
  const before = usedMs()
  return (starts) => {
    const after = usedMs()
    const perStart = (ms: number): number => Math.round(ms / starts)
    return Object.fromEntries([
      ...[...after.byPart].map(([part, ms]) => [part, perStart(ms - (before.byPart.get(part) ?? 0))] as const),
      ['machine', perStart(after.machineMs - before.machineMs)],
    ])
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessEntry } from './process-table.ts'
import type { Usage } from './protocol.ts'

/** USER_HZ and the page size of Linux on x86-64; arm64 kernels may use larger pages, where the cgroup's figures are used anyway. */
const ticksPerSecond = 100
const pageBytes = 4096

type ReadFile = (path: string) => string | null

const readSystemFile: ReadFile = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/**
 * Directories of the job's own control group. Only a group named after a job is believed: without one, `/proc/self/cgroup` names
 * a group that is shared with strangers.
 */
export function jobControlGroup(
  text: string,
): { readonly memory: string; readonly cpu: string; readonly version: 1 | 2 } | null {
  const jobPath = (path: string) =>
    /^(.*\/(?:job_\d+|[^/]*(?:batchway|condor|pbs|sge|lsf)[^/]*))(?:\/|$)/.exec(path)?.[1]
  const lines = text.split('\n').map((line) => line.split(':'))
  const pathOf = (wanted: string) =>
    jobPath(
      lines
        .find(([, controllers = '']) => controllers.split(',').includes(wanted))
        ?.slice(2)
        .join(':') ?? '',
    )
  const unified = pathOf('')
  if (unified) return { memory: join('/sys/fs/cgroup', unified), cpu: join('/sys/fs/cgroup', unified), version: 2 }
  const memory = pathOf('memory')
  const cpu = pathOf('cpuacct') ?? memory
  if (!memory || !cpu) return null
  return { memory: join('/sys/fs/cgroup/memory', memory), cpu: join('/sys/fs/cgroup/cpuacct', cpu), version: 1 }
}

/** Measures a session: from its control group where there is one, else by adding up its processes. Peaks and CPU time never go down. */
export function openUsageMeter(list: () => readonly ProcessEntry[], readFile: ReadFile = readSystemFile): () => Usage {
  const group = jobControlGroup(readFile('/proc/self/cgroup') ?? '')
  const number = (path: string): number | null => {
    const text = readFile(path)?.trim() ?? ''
    return /^\d+$/.test(text) ? Number(text) : null
  }
  const field = (path: string, name: string): number | null => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(readFile(path) ?? '')
    return found ? Number(found[1]) : null
  }
  let cpuSeconds = 0
  let peak = 0

  return () => {
    const entries = list()
    const summed = entries.reduce((sum, entry) => sum + entry.residentPages, 0) * pageBytes
    const ticks = entries.reduce((sum, entry) => sum + entry.ticks, 0)
    let memory: number | null = null
    let cpu: number | null = null
    let groupPeak: number | null = null
    if (group?.version === 2) {
      const current = number(join(group.memory, 'memory.current'))
      // The page cache that can go at any time is not what a user means by memory in use (the kubelet subtracts it, too).
      memory = current === null ? null : current - (field(join(group.memory, 'memory.stat'), 'inactive_file') ?? 0)
      groupPeak = number(join(group.memory, 'memory.peak'))
      const micros = field(join(group.cpu, 'cpu.stat'), 'usage_usec')
      cpu = micros === null ? null : micros / 1e6
    } else if (group) {
      memory = number(join(group.memory, 'memory.usage_in_bytes'))
      groupPeak = number(join(group.memory, 'memory.max_usage_in_bytes'))
      const nanos = number(join(group.cpu, 'cpuacct.usage'))
      cpu = nanos === null ? null : nanos / 1e9
    }
    const memoryBytes = memory ?? summed
    cpuSeconds = Math.max(cpuSeconds, cpu ?? ticks / ticksPerSecond)
    peak = Math.max(peak, memoryBytes, groupPeak ?? 0)
    return { cpuSeconds, memoryBytes, memoryPeakBytes: peak }
  }
}

/** Queues and partitions, from what schedulers print of them. Pure; what cannot be read is left out, for a person reads the result. */
import { drivers } from '@batchway/schedulers'
import { parseDuration } from '../../core/units.ts'
import type { Answer } from './recorded.ts'

export interface Queue {
  readonly name: string
  readonly isDefault: boolean
  /** Null: no limit, or none that was told. */
  readonly maxWallSeconds: number | null
  /** Of the largest node, or the most that one job may have. */
  readonly cores: number | null
  readonly memoryMiB: number | null
  /** Of the largest node; 0 without. */
  readonly gpus: number
  readonly gpuTypes: readonly string[]
}

/** Names go into options of jobs: what the drivers would refuse is not offered. */
const isQueueName = (name: string): boolean => /^[A-Za-z0-9_][\w.-]{0,99}$/.test(name)

export const plainQueue = (name: string, more: Partial<Queue> = {}): Queue => ({
  name,
  isDefault: false,
  maxWallSeconds: null,
  cores: null,
  memoryMiB: null,
  gpus: 0,
  gpuTypes: [],
  ...more,
})

const defaultFirst = (queues: readonly Queue[]): Queue[] =>
  queues.filter(({ name }) => isQueueName(name)).sort((a, b) => Number(b.isDefault) - Number(a.isDefault))

/** Read by the driver that will ask the same later. */
export function slurmPartitions(answer: Answer): readonly Queue[] {
  try {
    const driver = drivers.find(({ id }) => id === 'slurm')
    const all =
      driver?.availability?.parse({ exitCode: answer.code, stdout: answer.stdout, stderr: answer.stderr }) ?? []
    return defaultFirst(
      all
        .filter(({ isUp }) => isUp)
        .map(({ name, isDefault, maxWallSeconds, coresPerNode, memoryMiBPerNode, gpuTypes }) =>
          plainQueue(name, {
            isDefault,
            maxWallSeconds,
            cores: coresPerNode || null,
            memoryMiB: memoryMiBPerNode || null,
            gpus: Math.max(0, ...gpuTypes.map(({ count }) => count)),
            gpuTypes: gpuTypes.map(({ type }) => type).filter((type) => /^[A-Za-z0-9_.-]{1,63}$/.test(type)),
          }),
        ),
    )
  } catch {
    return []
  }
}

/** `500mb`, `1572864kb`, `4gb`, `1073741824b`, a bare number of bytes: of PBS and Torque. */
function pbsMemory(text: string | undefined): number | null {
  const [, count, unit = 'b'] = /^(\d{1,18})\s*([kmgt]?b)?$/i.exec(text ?? '') ?? []
  if (count === undefined) return null
  return (
    Math.floor((Number(count) * 2 ** (10 * ['b', 'kb', 'mb', 'gb', 'tb'].indexOf(unit.toLowerCase()))) / 2 ** 20) ||
    null
  )
}

/** A walltime: `48:00:00`, or a bare number of seconds. */
const wall = (text: string | undefined): number | null =>
  text === undefined ? null : /^\d{1,9}$/.test(text) ? Number(text) : parseDuration(text)

/** Blocks of `Word: NAME` and indented `key = value`; a line that begins with a tab goes on with the one before. */
function blocks(
  text: string,
  head: string,
): { readonly name: string; readonly values: Readonly<Record<string, string>> }[] {
  const found: { name: string; values: Record<string, string> }[] = []
  for (const line of text.replace(/\n\t/g, '').split('\n')) {
    const name = line.startsWith(`${head}: `) ? line.slice(head.length + 2).trim() : null
    if (name !== null) found.push({ name, values: {} })
    const [, key, value] = /^\s+([\w.]+) = (.*)$/.exec(line) ?? []
    const last = found.at(-1)
    if (last && key !== undefined && value !== undefined) last.values[key] = value.trim()
  }
  return found
}

/** `qstat -Q -f` of PBS and of Torque; `qstat -B -f` names the default. Only queues that take jobs and run them. */
export function pbsQueues(text: string, server: string): readonly Queue[] {
  const byDefault = blocks(server, 'Server')[0]?.values.default_queue
  return defaultFirst(
    blocks(text, 'Queue')
      .filter(
        ({ values }) => values.queue_type === 'Execution' && values.enabled === 'True' && values.started === 'True',
      )
      .map(({ name, values }) =>
        plainQueue(name, {
          isDefault: name === byDefault,
          maxWallSeconds: wall(values['resources_max.walltime']),
          cores: Number(values['resources_max.ncpus'] ?? 0) || null,
          memoryMiB: pbsMemory(values['resources_max.mem']),
          gpus: Number(values['resources_max.ngpus'] ?? 0) || 0,
        }),
      ),
  )
}

/** `qconf -sq *`: blocks that begin with `qname`. `h_rt` may differ by host in brackets: the first value is the queue's own. */
export function gridEngineQueues(text: string): readonly Queue[] {
  const limits = new Map<string, string>()
  let at: string | null = null
  for (const line of text.replace(/\\\n\s*/g, '').split('\n')) {
    const [, key, value = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    if (key === 'qname') {
      at = value.trim()
      limits.set(at, 'INFINITY')
    } else if (key === 'h_rt' && at !== null) limits.set(at, value.split(',')[0]?.trim() ?? '')
  }
  return defaultFirst(
    [...limits].map(([name, limit]) => plainQueue(name, { maxWallSeconds: wall(limit), isDefault: name === 'all.q' })),
  )
}

/** `bqueues -w`: a table whose first three columns are name, priority and status. */
export const lsfQueues = (text: string): readonly Queue[] =>
  defaultFirst(
    text.split('\n').flatMap((line) => {
      const [name = '', priority = '', status = ''] = line.trim().split(/\s+/)
      return /^\d+$/.test(priority) && status === 'Open:Active'
        ? [plainQueue(name, { isDefault: name === 'normal' })]
        : []
    }),
  )

/** `condor_status -af TotalCpus TotalMemory`: one line a slot. HTCondor has no queues; what its largest machine has limits a job. */
export function htcondorSize(text: string): Pick<Queue, 'cores' | 'memoryMiB'> {
  const rows = text.split('\n').flatMap((line) => {
    const [, cores, memory] = /^(\d+)(?:\.\d+)? (\d+)$/.exec(line.trim()) ?? []
    return cores === undefined ? [] : [{ cores: Number(cores), memoryMiB: Number(memory) }]
  })
  const most = (name: 'cores' | 'memoryMiB'): number | null => Math.max(0, ...rows.map((row) => row[name])) || null
  return { cores: most('cores'), memoryMiB: most('memoryMiB') }
}

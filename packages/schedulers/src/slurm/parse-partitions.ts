import { type Output, type Partition, SchedulerError } from '../driver.ts'
import { answered, separator } from './answer.ts'
import { parseTimeLimit } from './duration.ts'

/** sinfo groups nodes that are alike, so a partition has one row per kind of node; `28+` means "28 or more". */
const columns = ['Partition', 'Available', 'Time', 'CPUs', 'Memory', 'Gres', 'CPUsState'] as const

/** The --Format argument of the sinfo call. */
export const availabilityFormat = columns.map((column) => `${column}:${separator}`).join(',')

/** @throws {SchedulerError} `unavailable`, or `unreadable` if a row has another form. */
export function parsePartitions(output: Output): readonly Partition[] {
  const partitions = new Map<string, Partition>()
  for (const line of answered(output, 'sinfo').split('\n')) {
    if (line.trim() === '') continue
    const row = readRow(line)
    const before = partitions.get(row.name)
    partitions.set(row.name, before === undefined ? row : merge(before, row))
  }
  return [...partitions.values()]
}

function readRow(line: string): Partition {
  const [name = '', available, time = '', cpus = '', memory = '', gres = '', state = ''] = line.split(separator)
  const [, idle, total] = /^\d+\/(\d+)\/\d+\/(\d+)$/.exec(state) ?? []
  if (name === '' || idle === undefined || total === undefined)
    throw new SchedulerError('unreadable', `sinfo printed an unknown row: ${JSON.stringify(line.slice(0, 200))}`)
  return {
    name: name.replace(/\*$/, ''),
    isUp: available === 'up',
    isDefault: name.endsWith('*'),
    maxWallSeconds: readLimit(time),
    coresPerNode: Number.parseInt(cpus, 10) || 0,
    memoryMiBPerNode: Number.parseInt(memory, 10) || 0,
    gpuTypes: readGpus(gres),
    cores: { idle: Number(idle), total: Number(total) },
  }
}

function readLimit(text: string): number | null {
  try {
    return parseTimeLimit(text)
  } catch (error) {
    throw new SchedulerError('unreadable', 'sinfo printed an unknown time limit', { cause: error })
  }
}

/** `gpu:a100:4(S:0-1),gpu:1g.10gb:28` → types and counts per node; a GPU without a type has type `''`. Other resources are left out. */
function readGpus(gres: string): Partition['gpuTypes'] {
  return gres
    .replace(/\([^()]*\)/g, '')
    .split(',')
    .flatMap((entry) => {
      const [, type = '', count = '1'] = /^gpu(?::([^:]*[^:\d][^:]*))?(?::(\d+))?$/.exec(entry.trim()) ?? []
      return entry.trim().startsWith('gpu') ? [{ type, count: Number(count) }] : []
    })
}

/** The largest node decides what may be asked for; cores add up. */
function merge(a: Partition, b: Partition): Partition {
  const types = new Map(a.gpuTypes.map(({ type, count }) => [type, count]))
  for (const { type, count } of b.gpuTypes) types.set(type, Math.max(count, types.get(type) ?? 0))
  return {
    ...a,
    isUp: a.isUp || b.isUp,
    coresPerNode: Math.max(a.coresPerNode, b.coresPerNode),
    memoryMiBPerNode: Math.max(a.memoryMiBPerNode, b.memoryMiBPerNode),
    gpuTypes: [...types].map(([type, count]) => ({ type, count })),
    cores: { idle: a.cores.idle + b.cores.idle, total: a.cores.total + b.cores.total },
  }
}

/** What the profiles of a cluster ask for, beside what its partitions have. Pure. */
import type { Partition } from '@batchway/schedulers'
import type { ProfileConfig } from '../../core/config.ts'
import { formatDuration, formatMemory } from '../../core/units.ts'
import { ok, problem, type Verdict, warning } from './finding.ts'

/** What is compared. */
export type AskingProfile = Pick<ProfileConfig, 'key' | 'resources' | 'choose' | 'options'>

type Size = { readonly cores: number; readonly memory: number; readonly walltime: number }

/** What keeps a size out of a partition, in words; empty if it fits. */
function obstacles(partition: Partition, size: Size, gpus: number, gpuType: string | undefined): string[] {
  const { name, maxWallSeconds, coresPerNode, memoryMiBPerNode, gpuTypes } = partition
  const fitting = gpuTypes.filter(({ type }) => gpuType === undefined || type === gpuType)
  const most = Math.max(0, ...fitting.map(({ count }) => count))
  return [
    ...(maxWallSeconds !== null && size.walltime > maxWallSeconds
      ? [`${formatDuration(size.walltime)} is more than the ${formatDuration(maxWallSeconds)} of partition ${name}`]
      : []),
    ...(size.cores > coresPerNode ? [`${size.cores} cores; a node of ${name} has ${coresPerNode}`] : []),
    ...(size.memory > memoryMiBPerNode
      ? [`${formatMemory(size.memory)} of memory; a node of ${name} has ${formatMemory(memoryMiBPerNode)}`]
      : []),
    ...(gpus > most ? [`${gpus} GPUs${gpuType ? ` of type ${gpuType}` : ''}; a node of ${name} has ${most}`] : []),
  ]
}

function judgeProfile(profile: AskingProfile, partitions: readonly Partition[]): Verdict[] {
  const asked = profile.options.partition ?? profile.options.queue
  const names = typeof asked === 'string' ? asked.split(',') : []
  const known = partitions.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  const at = `profile ${profile.key}`
  if (unknown.length > 0)
    return [
      problem(
        `${at} names partition ${unknown.join(', ')}, which does not exist`,
        `There are: ${known.join(', ')}. Change options.partition of the profile.`,
      ),
    ]
  const chosen = names.length > 0 ? partitions.filter(({ name }) => names.includes(name)) : partitions.filter(isDefault)
  if (chosen.length === 0)
    return [
      problem(
        `${at} names no partition, and there is no default one`,
        'Write options: { partition: NAME } in the profile.',
      ),
    ]
  const down = chosen.every(({ isUp }) => !isUp)
  const { cores, memory, walltime, gpus, gpuType } = profile.resources
  const { choose } = profile
  const most: Size = {
    cores: choose.cores?.[1] ?? cores,
    memory: choose.memory?.[1] ?? memory,
    walltime: choose.walltime?.[1] ?? walltime,
  }
  const inWay = (size: Size): string[][] => chosen.map((partition) => obstacles(partition, size, gpus, gpuType))
  const own = inWay({ cores, memory, walltime })
  const highest = inWay(most)
  return [
    ...(down
      ? [
          warning(
            `${at}: partition ${chosen.map(({ name }) => name).join(', ')} is not up`,
            'Its sessions wait until it is.',
          ),
        ]
      : []),
    ...(own.every((words) => words.length > 0)
      ? [
          problem(
            `${at} can never run: ${own.flat().join('; ')}`,
            'Lower resources of the profile, or name another partition.',
          ),
        ]
      : highest.every((words) => words.length > 0)
        ? [
            warning(
              `${at} lets users choose what can never run: ${highest.flat().join('; ')}`,
              'Lower the upper limits in choose of the profile.',
            ),
          ]
        : []),
  ]
}

const isDefault = ({ isDefault: is }: Partition): boolean => is

/** @param partitions as the scheduler lists them; empty if it cannot tell. */
export function judgePartitions(
  profiles: readonly AskingProfile[],
  partitions: readonly Partition[],
): readonly Verdict[] {
  if (partitions.length === 0)
    return [
      warning(
        'the scheduler lists no partitions, so that profiles cannot be compared with them',
        'With PrivateData=partitions or nodes only operators see them.',
      ),
    ]
  const wrong = profiles.flatMap((profile) => judgeProfile(profile, partitions))
  if (wrong.length > 0) return wrong
  return [ok(`${partitions.map(({ name }) => name).join(', ')}; ${profiles.length} profiles fit`)]
}

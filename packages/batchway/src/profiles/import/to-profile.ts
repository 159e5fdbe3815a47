/** An imported tuple as an entry of `profiles` in the configuration. */
import type { ConfigInput } from '../../core/config.ts'
import { formatDuration, formatMemory } from '../../core/units.ts'
import type { ImportedProfile } from './map-list.ts'

export type ProfileInput = ConfigInput['profiles'][number]

/** @returns null for one that is no profile here. */
export function toProfile({ problems, key, title, cluster, application, parts }: ImportedProfile): ProfileInput | null {
  if (problems.length > 0 || cluster === null) return null
  const { cores, memoryMiB, gpus, gpuType, wallSeconds, readySeconds, options } = parts
  return {
    key,
    title,
    cluster: cluster.key,
    application,
    resources: {
      ...(cores !== undefined && { cores }),
      ...(memoryMiB !== undefined && { memory: formatMemory(memoryMiB) }),
      ...(gpus !== undefined && { gpus }),
      ...(gpuType !== undefined && { gpuType }),
      ...(wallSeconds !== undefined && { walltime: formatDuration(wallSeconds) }),
    },
    ...(Object.keys(options).length > 0 && { options }),
    ...(readySeconds !== undefined && { limits: { ready: formatDuration(readySeconds) } }),
  }
}

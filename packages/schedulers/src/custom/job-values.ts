import { type JobRequest, SchedulerError } from '../driver.ts'
import { toWalltime } from '../pbs/pbs.ts'
import type { CustomSettings } from './settings.ts'
import type { Values } from './template.ts'

/** Options of a job: those of `optionNames`, and `execHostTemplate`. */
export type CustomOptions = Readonly<Record<string, string | undefined>>

/** What no shell, no directive and no argument parser reads as anything but itself; never an option. */
const plain = /^[A-Za-z0-9_/][\w.@+:=,/%-]{0,511}$/

/**
 * The value of each variable in a script or a submit command.
 * @throws {SchedulerError} `refused` if one holds a character that something on the way could read.
 */
export function valuesOf(job: JobRequest<CustomOptions>, { defaults = {} }: Pick<CustomSettings, 'defaults'>): Values {
  const { resources, account, name, workdir, outputPath, options } = job
  const { cores, memoryMiB, gpus, gpuType, wallSeconds } = resources
  const { execHostTemplate: _, ...own } = options
  if (outputPath.includes('%j'))
    throw new SchedulerError('refused', 'a custom scheduler puts no %j into the path of the output')
  const values: Values = {
    username: account,
    job_name: name,
    cores: String(cores),
    nprocs: String(cores),
    memory: `${memoryMiB}mb`,
    memory_mib: String(memoryMiB),
    gpus: gpus > 0 ? String(gpus) : undefined,
    gpu_type: gpuType,
    runtime: toWalltime(wallSeconds),
    runtime_seconds: String(wallSeconds),
    runtime_minutes: String(Math.ceil(wallSeconds / 60)),
    homedir: workdir,
    workdir,
    output: outputPath,
    ...defaults,
    ...own,
  }
  for (const [variable, value] of Object.entries(values))
    if (value !== undefined && !plain.test(value))
      throw new SchedulerError(
        'refused',
        `{${variable}} holds what a script could read as something else: ${JSON.stringify(value.slice(0, 60))}`,
      )
  return values
}

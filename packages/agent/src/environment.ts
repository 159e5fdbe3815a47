import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { ApplicationOrder } from './protocol.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The variable by which the agent finds the processes of its session, wherever they went (setsid, double fork). */
export const markVariable = 'BATCHWAY_MARK'

/** Set for our own use, or breaking the user's own `srun` (`SLURM_EXPORT_ENV=NONE`, the batch step's CPU binding), or left over from sudo. */
const scrubbed = /^(BATCHWAY_.*|SLURM_EXPORT_ENV|SLURM_CPU_BIND.*|SUDO_.*)$/

/**
 * What the job script puts aside while the agent's runtime starts: meant for the user's programs, who get it back here. A module's
 * libraries can keep the runtime from starting.
 */
export const putAside = ['NODE_OPTIONS', 'LD_LIBRARY_PATH', 'LD_PRELOAD'] as const

/** Environment of the application: the job's own without what is scrubbed, then what the hub orders, each text of that filled in. */
export function applicationEnvironment(
  jobEnvironment: Environment,
  order: ApplicationOrder,
  fill: (text: string) => string,
  mark: string,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(jobEnvironment))
    if (value !== undefined && !scrubbed.test(name)) env[name] = value
  for (const name of putAside) {
    const value = jobEnvironment[`BATCHWAY_${name}`]
    if (value) env[name] = value
  }
  for (const [name, value] of Object.entries(order.environment)) env[name] = fill(value)
  env[markVariable] = mark
  return env
}

/** Absolute working directory: `~` and relative paths start at the home. */
export function workingDirectory(directory: string, env: Environment): string {
  const home = env.HOME || homedir()
  return resolve(home, directory === '~' ? '.' : directory.replace(/^~\//, ''))
}

/** Path asked for readiness, whether the hub gave it with the prefix or relative to it. */
export const healthUrlPath = (order: ApplicationOrder): string =>
  order.healthPath.startsWith(order.prefix)
    ? order.healthPath
    : order.prefix.replace(/\/*$/, '/') + order.healthPath.replace(/^\/+/, '')

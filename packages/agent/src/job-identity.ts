/** Who the scheduler says we are. `restart` counts how often it started this same job again. */
export interface JobIdentity {
  readonly jobId: string
  readonly restart: number
  readonly node: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Variables that name the job, the most specific first: a local job may run inside an allocation of another scheduler. */
const jobIdVariables = [
  'BATCHWAY_JOB_ID',
  'BATCHWAY_LOCAL_JOB_ID',
  'SLURM_JOB_ID',
  'MOAB_JOBID',
  'PBS_JOBID',
  'LSB_JOBID',
] as const

/**
 * Read job id, restart count and node name from the job's environment. HTCondor tells them in a file named by `_CONDOR_JOB_AD`;
 * `JOB_ID` (Grid Engine) comes last, being a name that other programs use too.
 * @param readFile returns the text of a file, or null.
 */
export function jobIdentity(
  env: Environment,
  hostName: string,
  readFile: (path: string) => string | null = () => null,
): JobIdentity {
  // A site's own job script says it, for schedulers that nobody here knows.
  if (env.BATCHWAY_JOB_ID) return found(env.BATCHWAY_JOB_ID, undefined, hostName)
  if (env.BATCHWAY_LOCAL_JOB_ID)
    return found(env.BATCHWAY_LOCAL_JOB_ID, env.BATCHWAY_LOCAL_RESTARTS, env.BATCHWAY_LOCAL_NODE ?? hostName)
  if (env.SLURM_JOB_ID) return found(env.SLURM_JOB_ID, env.SLURM_RESTART_COUNT, env.SLURMD_NODENAME ?? hostName)
  // Moab's own id: that of the resource manager below it stands in the variables of PBS.
  if (env.MOAB_JOBID) return found(env.MOAB_JOBID, undefined, hostName)
  if (env.PBS_JOBID) return found(env.PBS_JOBID, undefined, hostName)
  if (env.LSB_JOBID) return found(env.LSB_JOBID, undefined, env.LSB_HOSTS?.split(' ')[0] || hostName)
  if (env._CONDOR_JOB_AD) {
    const ad = readFile(env._CONDOR_JOB_AD) ?? ''
    const number = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\d+)\\s*$`, 'mi').exec(ad)?.[1]
    // Written before each start; NumJobStarts is so only a while after.
    const starts = Number(number('NumJobMatches') ?? 1)
    const cluster = number('ClusterId')
    if (cluster) return found(`${cluster}.${number('ProcId') ?? 0}`, String(Math.max(0, starts - 1)), hostName)
  }
  if (env.JOB_ID) return found(env.JOB_ID, env.RESTARTED, hostName)
  return found('', undefined, hostName)
}

const found = (jobId: string, restart: string | undefined, node: string): JobIdentity => ({
  jobId,
  restart: /^\d+$/.test(restart ?? '') ? Number(restart) : 0,
  node,
})

/** The job a process belongs to by its environment, '' if it says nothing: tells a session's processes from jobs submitted inside it. */
export function jobMark(env: Environment): string {
  const name = [...jobIdVariables, '_CONDOR_JOB_AD', 'JOB_ID'].find((key) => env[key])
  return name ? `${name}=${env[name]}` : ''
}

/** The configuration of a first start: facts of the machine in, a complete configuration out. Pure. */
import type { ConfigInput } from '../../core/config.ts'
import { formatDuration, formatMemory } from '../../core/units.ts'
import { plainJupyterArguments } from '../../profiles/applications.ts'
import type { JupyterProgram, Machine, SlurmPartition } from './facts.ts'

export interface StarterChoices {
  readonly stateDirectory: string
  readonly url: string
  readonly listen: string
  /** Port of the internal listener. */
  readonly internalPort: number
  /** Two characters that tell this gateway's jobs from those of others. */
  readonly instance: string
  /** Folder given to `installForJobs`; beside the state if absent. */
  readonly agent?: string
}

type Application = NonNullable<ConfigInput['applications']>[string]

/** argv of a server that the agent guards. */
const serverCommand = (path: string, app: 'ServerApp' | 'NotebookApp'): string[] => [
  path,
  ...plainJupyterArguments(app),
]

export function toApplication({ kind, path, isClassic }: JupyterProgram): Application {
  switch (kind) {
    case 'jupyterhub-singleuser':
      return {
        kind: 'jupyterhub-singleuser',
        title: isClassic ? 'Jupyter Notebook' : 'Jupyter',
        command: [path],
        ...(isClassic && { environment: { JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp' } }),
      }
    case 'jupyter-lab':
      return { kind: 'jupyter', title: 'JupyterLab', command: serverCommand(path, 'ServerApp'), open: 'lab' }
    case 'jupyter-notebook':
      return {
        kind: 'jupyter',
        title: 'Jupyter Notebook',
        command: serverCommand(path, isClassic ? 'NotebookApp' : 'ServerApp'),
        open: 'tree',
      }
    case 'jupyter-server':
      return { kind: 'jupyter', title: 'Jupyter Server', command: serverCommand(path, 'ServerApp') }
  }
}

const hour = 3_600

/** A comfortable share of one machine: enough to work, never all of it. */
function localProfile(machine: Machine): ConfigInput['profiles'][number] {
  const memory = Math.min(machine.memoryMiB, Math.max(512, Math.min(4_096, Math.floor(machine.memoryMiB / 4))))
  return {
    key: 'here',
    title: 'This machine',
    description: machine.slurm
      ? `Runs on ${machine.hostName} itself. If others work here too, keep it small.`
      : `Runs on ${machine.hostName}`,
    cluster: 'local',
    application: 'jupyter',
    resources: { cores: 1, memory: formatMemory(memory), walltime: '8h' },
    choose: {
      cores: [1, machine.cores],
      memory: [formatMemory(Math.min(256, memory)), formatMemory(machine.memoryMiB)],
      walltime: ['5m', '24h'],
    },
  }
}

/** Partitions that differ only in signs that keys do not have get a number. */
function partitionKeys(partitions: readonly SlurmPartition[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  for (const { name } of partitions) {
    const plain = `slurm-${name.replace(/[^A-Za-z0-9_-]/g, '-')}`.slice(0, 58)
    const taken = new Set(keys.values())
    let key = plain
    for (let number = 2; taken.has(key); number += 1) key = `${plain}-${number}`
    keys.set(name, key)
  }
  return keys
}

/** What is offered where a partition has no limit, or a longer one. */
const longestWall = 7 * 24 * hour

function slurmProfile(partition: SlurmPartition, key: string): ConfigInput['profiles'][number] {
  const longest = Math.min(partition.maxWallSeconds ?? longestWall, longestWall)
  const memory = Math.min(4_096, partition.memoryMiB)
  return {
    key,
    title: `Slurm, partition ${partition.name}`,
    cluster: 'slurm',
    application: 'jupyter',
    resources: { cores: 1, memory: formatMemory(memory), walltime: formatDuration(Math.min(longest, 4 * hour)) },
    choose: {
      cores: [1, Math.max(1, partition.cores)],
      memory: [formatMemory(Math.min(256, memory)), formatMemory(Math.max(memory, partition.memoryMiB))],
      walltime: [formatDuration(Math.min(longest, 300)), formatDuration(longest)],
    },
    options: { partition: partition.name },
  }
}

/** @throws {Error} if the machine has no Jupyter: there would be nothing to start. */
export function starterConfig(machine: Machine, choices: StarterChoices): ConfigInput {
  const [program] = machine.jupyter
  if (!program) throw new Error('no Jupyter was found on this machine')
  const { slurm } = machine
  const { internalPort, agent } = choices
  const keys = partitionKeys(slurm ?? [])
  return {
    url: choices.url,
    listen: [choices.listen],
    stateDirectory: choices.stateDirectory,
    instance: choices.instance,
    hub: {
      // Compute nodes must reach it; without a cluster nobody else needs to.
      internal: [`${slurm ? '0.0.0.0' : '127.0.0.1'}:${internalPort}`],
      internalUrl: `http://${slurm ? machine.hostName : '127.0.0.1'}:${internalPort}`,
    },
    signIn: [{ type: 'link' }],
    clusters: {
      local: {
        driver: 'local',
        title: machine.hostName,
        ...(slurm && { hubUrl: `http://127.0.0.1:${internalPort}` }), // whatever this machine's name leads to
        ...(agent !== undefined && { agent }),
      },
      ...(slurm && { slurm: { driver: 'slurm', title: 'Slurm', ...(agent !== undefined && { agent }) } }),
    },
    applications: { jupyter: toApplication(program) },
    // The first one is what a newcomer gets: where there is a batch system, that is what the machine is for.
    profiles: [
      ...(slurm ?? []).map((partition) => slurmProfile(partition, keys.get(partition.name) ?? partition.name)),
      localProfile(machine),
    ],
  }
}

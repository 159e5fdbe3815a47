/** The configuration of a first start: facts of the machine in, a complete configuration out. Pure. */
import type { ConfigInput } from '../../core/config.ts'
import { formatDuration, formatMemory } from '../../core/units.ts'
import type { JupyterProgram, Machine, SlurmPartition } from './facts.ts'

export interface StarterChoices {
  readonly stateDirectory: string
  readonly url: string
  readonly listen: string
  /** Port of the internal listener. */
  readonly internalPort: number
}

function toApplication(program: JupyterProgram): NonNullable<ConfigInput['applications']>[string] {
  const common = [
    program.path,
    '--no-browser',
    '--ServerApp.ip=127.0.0.1',
    '--ServerApp.port={port}',
    '--ServerApp.port_retries=0',
    '--ServerApp.base_url={prefix}',
    '--ServerApp.allow_remote_access=True',
  ]
  switch (program.kind) {
    case 'jupyterhub-singleuser':
      return {
        kind: 'jupyterhub-singleuser',
        title: program.isClassic ? 'Jupyter Notebook' : 'Jupyter',
        command: [program.path],
        ...(program.isClassic && { environment: { JUPYTERHUB_SINGLEUSER_APP: 'notebook.notebookapp.NotebookApp' } }),
      }
    case 'jupyter-lab':
      return { kind: 'jupyter', title: 'JupyterLab', command: common, open: 'lab' }
    case 'jupyter-server':
      return { kind: 'jupyter', title: 'Jupyter Server', command: common, open: 'tree' }
    case 'jupyter-notebook':
      return {
        kind: 'jupyter',
        title: 'Jupyter Notebook',
        command: common.map((word) => word.replace('--ServerApp.', '--NotebookApp.')),
        open: 'tree',
      }
  }
}

const hour = 3_600

/** A comfortable share of one machine: enough to work, never all of it. */
function localProfile(machine: Machine): ConfigInput['profiles'][number] {
  const memory = Math.max(512, Math.min(4_096, Math.floor(machine.memoryMiB / 4)))
  return {
    key: 'here',
    title: 'This machine',
    description: `Runs on ${machine.hostName}`,
    cluster: 'local',
    application: 'jupyter',
    resources: { cores: 1, memory: formatMemory(memory), walltime: '8h' },
    choose: {
      cores: [1, machine.cores],
      memory: ['256M', formatMemory(machine.memoryMiB)],
      walltime: ['5m', '24h'],
    },
  }
}

function slurmProfile(partition: SlurmPartition): ConfigInput['profiles'][number] {
  const longest = Math.min(partition.maxWallSeconds ?? 24 * hour, 7 * 24 * hour)
  const memory = Math.min(4_096, partition.memoryMiB)
  return {
    key: `slurm-${partition.name.replace(/[^A-Za-z0-9_-]/g, '-')}`.slice(0, 63),
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
  return {
    url: choices.url,
    listen: [choices.listen],
    stateDirectory: choices.stateDirectory,
    hub: {
      // Compute nodes must reach it; without a cluster nobody else needs to.
      internal: [`${slurm ? '0.0.0.0' : '127.0.0.1'}:${choices.internalPort}`],
      internalUrl: `http://${slurm ? machine.hostName : '127.0.0.1'}:${choices.internalPort}`,
    },
    signIn: [{ type: 'link' }],
    clusters: {
      local: { driver: 'local', title: 'This machine' },
      ...(slurm && { slurm: { driver: 'slurm', title: 'Slurm' } }),
    },
    applications: { jupyter: toApplication(program) },
    profiles: [localProfile(machine), ...(slurm ?? []).map(slurmProfile)],
  }
}

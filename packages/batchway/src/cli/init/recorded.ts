/**
 * What `batchway init` asks a host, as data: the questions, and what was recorded of the answers. What it means is decided by pure functions
 * (`find-*.ts`), so that a host that nobody here has can stand in a test.
 */
import { drivers } from '@batchway/schedulers'
import type { JupyterProgram } from '../start/facts.ts'

export interface Recorded {
  /** As others reach this host: with its domain where it has one. */
  readonly hostName: string
  readonly cores: number
  readonly memoryMiB: number
  /** Name → absolute path, of `lookedFor` what is there. */
  readonly commands: Readonly<Record<string, string>>
  /** Question → both outputs of its command. Absent: the command is not there. */
  readonly answers: Readonly<Record<string, Answer>>
  /** /proc/self/mounts; empty where there is none. */
  readonly mounts: string
  /** Names in folders where front servers keep what is switched on. */
  readonly apacheModules: readonly string[]
  /** Of the caller: the variables that schedulers' commands need. */
  readonly environment: Readonly<Record<string, string>>
  /** Best first. */
  readonly jupyter: readonly JupyterProgram[]
  /** Home folders of people's accounts, as many as were looked at. */
  readonly homes: readonly string[]
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Question {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const slurm = drivers.find(({ id }) => id === 'slurm')
const partitions = slurm?.availability?.command(slurm.settings.parse({})).args ?? []

/** Versions and queues; none of them changes anything. What a version is printed on differs, so both outputs are kept. */
export const questions: readonly Question[] = [
  { name: 'slurm version', command: 'sinfo', args: ['--version'] },
  { name: 'slurm partitions', command: 'sinfo', args: partitions },
  { name: 'slurm settings', command: 'scontrol', args: ['show', 'config'] },
  // PBS and Torque say which they are; Grid Engine does not know the option.
  { name: 'qstat version', command: 'qstat', args: ['--version'] },
  { name: 'qstat queues', command: 'qstat', args: ['-Q', '-f'] },
  { name: 'qstat server', command: 'qstat', args: ['-B', '-f'] },
  { name: 'grid-engine version', command: 'qstat', args: ['-help'] },
  { name: 'grid-engine queues', command: 'qconf', args: ['-sq', '*'] },
  { name: 'grid-engine environments', command: 'qconf', args: ['-spl'] },
  { name: 'htcondor version', command: 'condor_version', args: [] },
  { name: 'htcondor machines', command: 'condor_status', args: ['-af', 'TotalCpus', 'TotalMemory'] },
  { name: 'lsf cluster', command: 'lsid', args: [] },
  { name: 'lsf queues', command: 'bqueues', args: ['-w'] },
  { name: 'moab version', command: 'showq', args: ['--version'] },
  { name: 'apache modules', command: 'apache2ctl', args: ['-M'] },
  { name: 'httpd modules', command: 'httpd', args: ['-M'] },
  { name: 'module list', command: 'modulecmd', args: ['sh', 'avail', '-t'] },
]

export const lookedFor: readonly string[] = [
  ...new Set([
    ...questions.map(({ command }) => command),
    ...['sbatch', 'qsub', 'condor_submit', 'bsub', 'msub', 'apache2', 'nginx', 'caddy', 'sudo', 'visudo'],
    ...['systemctl', 'systemd-sysusers'],
  ]),
]

/** Variables that name a scheduler's installation: the drivers say which. */
export const keptVariables: readonly string[] = [
  ...new Set(drivers.flatMap(({ environment }) => environment?.keep ?? [])),
]

/** Standard output of an answer that says yes. */
export const said = ({ answers }: Pick<Recorded, 'answers'>, name: string): string | null => {
  const answer = answers[name]
  return answer?.code === 0 ? answer.stdout : null
}

/** Both outputs, whatever the status: programs tell their versions anywhere. */
export const anyWords = ({ answers }: Pick<Recorded, 'answers'>, name: string): string =>
  answers[name] === undefined ? '' : `${answers[name].stdout}\n${answers[name].stderr}`

/** Which batch systems a host speaks to. Pure: recorded answers in, findings out. */
import { dirname } from 'node:path'
import { servicePath } from '../setup/service-path.ts'
import {
  gridEngineQueues,
  htcondorSize,
  lsfQueues,
  pbsQueues,
  plainQueue,
  type Queue,
  slurmPartitions,
} from './find-queues.ts'
import { anyWords, type Recorded, said } from './recorded.ts'

export const schedulerKinds = ['slurm', 'pbs', 'torque', 'grid-engine', 'htcondor', 'lsf', 'moab'] as const
export type SchedulerKind = (typeof schedulerKinds)[number]

export interface FoundScheduler {
  readonly kind: SchedulerKind
  /** As its commands say it. */
  readonly version: string
  /** What the site calls the cluster, if the scheduler tells. */
  readonly name: string | null
  /** Did the scheduler itself answer, not only its commands? */
  readonly isAnswering: boolean
  /** Folder of its commands, where services would not find them by themselves. */
  readonly commandDirectory: string | null
  readonly queues: readonly Queue[]
  /** Further settings of the driver that were told. */
  readonly settings: Readonly<Record<string, string>>
  /** What a person should know, as sentences. */
  readonly remarks: readonly string[]
}

const firstLine = (text: string): string =>
  text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim() ?? ''

function directoryOf({ commands }: Recorded, command: string): string | null {
  const path = commands[command]
  const folder = path === undefined ? null : dirname(path)
  return folder === null || servicePath.split(':').includes(folder) ? null : folder
}

const settingOf = (text: string, name: string): string | null =>
  new RegExp(`^${name}\\s*=\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? null

type Found = Omit<FoundScheduler, 'kind'>

function findSlurm(recorded: Recorded): Found | null {
  if (recorded.commands.sbatch === undefined) return null
  const version = /^slurm\S* [\d.]+\S*/m.exec(anyWords(recorded, 'slurm version'))?.[0]
  if (version === undefined) return null
  const settings = said(recorded, 'slurm settings') ?? ''
  const answer = recorded.answers['slurm partitions']
  const hidden = settingOf(settings, 'PrivateData') ?? 'none'
  return {
    version,
    name: settingOf(settings, 'ClusterName'),
    isAnswering: answer?.code === 0,
    commandDirectory: directoryOf(recorded, 'sbatch'),
    queues: answer === undefined ? [] : slurmPartitions(answer),
    settings: {},
    remarks: [
      ...(/\bjobs\b/.test(hidden)
        ? ['PrivateData hides jobs: the hub’s account must become an operator, "batchway doctor" prints the command.']
        : []),
      ...(settingOf(settings, 'AccountingStorageType')?.includes('none')
        ? ['There is no accounting (slurmdbd): how some sessions ended is told less exactly.']
        : []),
    ],
  }
}

/** `qstat` and `qsub` are names of three programs. */
function qstatKind(recorded: Recorded): 'pbs' | 'torque' | 'grid-engine' | null {
  if (recorded.commands.qsub === undefined) return null
  const words = anyWords(recorded, 'qstat version')
  if (/^\s*pbs_version\s*=/m.test(words)) return 'pbs'
  if (/^\s*version:\s*\d/im.test(words)) return 'torque'
  return gridEngineVersion(recorded) === null ? null : 'grid-engine'
}

/** First line of the usage: `SGE 8.1.9`, `GE 6.2u5`, `OGS/GE 2011.11p1`, `UGE 8.6.4`. */
const gridEngineVersion = (recorded: Recorded): string | null =>
  /^(?:[A-Z]*GE|OGS\/GE) \d\S*.*$/m.exec(anyWords(recorded, 'grid-engine version'))?.[0] ?? null

function findPbsLike(recorded: Recorded, kind: 'pbs' | 'torque'): Found | null {
  if (qstatKind(recorded) !== kind) return null
  const server = said(recorded, 'qstat server') ?? ''
  const queues = said(recorded, 'qstat queues')
  const hidesJobs = /^\s+query_other_jobs = False$/m.test(server)
  return {
    version: firstLine(anyWords(recorded, 'qstat version')).replace(/^pbs_version\s*=\s*|^version:\s*/i, ''),
    name: /^Server: ([^.\s]+)/m.exec(server)?.[1] ?? null,
    isAnswering: queues !== null,
    commandDirectory: directoryOf(recorded, 'qsub'),
    queues: queues === null ? [] : pbsQueues(queues, server),
    settings: {},
    remarks: hidesJobs ? ['The hub must see everybody’s jobs: qmgr -c "set server query_other_jobs = True".'] : [],
  }
}

function findGridEngine(recorded: Recorded): Found | null {
  const version = qstatKind(recorded) === 'grid-engine' ? gridEngineVersion(recorded) : null
  if (version === null) return null
  const queues = said(recorded, 'grid-engine queues')
  const environments = (said(recorded, 'grid-engine environments') ?? '')
    .split('\n')
    .filter((name) => /^[\w.-]+$/.test(name))
  const chosen =
    ['smp', 'shm', 'threaded', 'threads', 'openmp', 'orte'].find((name) => environments.includes(name)) ??
    environments[0]
  return {
    version,
    name: recorded.environment.SGE_CELL ?? null,
    isAnswering: queues !== null,
    commandDirectory: directoryOf(recorded, 'qsub'),
    queues: queues === null ? [] : gridEngineQueues(queues),
    settings: chosen === undefined || chosen === 'smp' ? {} : { parallelEnvironment: chosen },
    remarks: [
      environments.length === 0
        ? 'There is no parallel environment: more than one core needs one with allocation rule $pe_slots (settings.parallelEnvironment).'
        : `Parallel environments here: ${environments.join(', ')}. The one that is used must have allocation rule $pe_slots.`,
      'Look which resource counts memory here (settings.memoryResource, memoryPer): docs/how-to/grid-engine.md.',
    ],
  }
}

function findHtcondor(recorded: Recorded): Found | null {
  if (recorded.commands.condor_submit === undefined) return null
  const version = /\$CondorVersion: (\S+)/.exec(anyWords(recorded, 'htcondor version'))?.[1]
  if (version === undefined) return null
  const machines = said(recorded, 'htcondor machines')
  return {
    version,
    name: null,
    isAnswering: machines !== null,
    commandDirectory: directoryOf(recorded, 'condor_submit'),
    queues: machines === null ? [] : [{ ...plainQueue(''), isDefault: true, ...htcondorSize(machines) }],
    settings: {},
    remarks: [
      'Homes and the agent’s folder must be shared by this host and the machines (one FILESYSTEM_DOMAIN, one UID_DOMAIN).',
    ],
  }
}

function findLsf(recorded: Recorded): Found | null {
  if (recorded.commands.bsub === undefined) return null
  const words = anyWords(recorded, 'lsf cluster')
  const version = /LSF[^,\n]*? (\d[\d.]*)/.exec(words)?.[1]
  if (version === undefined) return null
  const queues = said(recorded, 'lsf queues')
  return {
    version,
    name: /^My cluster name is (\S+)/m.exec(words)?.[1] ?? null,
    isAnswering: queues !== null,
    commandDirectory: directoryOf(recorded, 'bsub'),
    queues: queues === null ? [] : lsfQueues(queues),
    settings: {},
    remarks: ['The limits of the queues were not told: set "walltime" of each profile by hand.'],
  }
}

function findMoab(recorded: Recorded): Found | null {
  if (recorded.commands.msub === undefined) return null
  const words = anyWords(recorded, 'moab version')
  const version = /moab\D*(\d[\w.]*)/i.exec(words)?.[1]
  if (version === undefined) return null
  return {
    version,
    name: null,
    isAnswering: recorded.answers['moab version']?.code === 0,
    commandDirectory: directoryOf(recorded, 'msub'),
    queues: [],
    settings: {},
    remarks: ['The classes of Moab were not asked for: set "queue" and "walltime" of each profile by hand.'],
  }
}

const finders: Readonly<Record<SchedulerKind, (recorded: Recorded) => Found | null>> = {
  slurm: findSlurm,
  pbs: (recorded) => findPbsLike(recorded, 'pbs'),
  torque: (recorded) => findPbsLike(recorded, 'torque'),
  'grid-engine': findGridEngine,
  htcondor: findHtcondor,
  lsf: findLsf,
  moab: findMoab,
}

/** All there is, those that answer first. */
export const findSchedulers = (recorded: Recorded): readonly FoundScheduler[] =>
  schedulerKinds
    .flatMap((kind) => {
      const found = finders[kind](recorded)
      return found === null ? [] : [{ kind, ...found }]
    })
    .sort((a, b) => Number(b.isAnswering) - Number(a.isAnswering))

export interface ChosenSchedulers {
  readonly used: readonly FoundScheduler[]
  /** What was found and is not used, with the reason. */
  readonly unused: readonly { readonly found: FoundScheduler; readonly why: string }[]
}

/**
 * Those that answer; Moab stands above another scheduler, and the driver of that one knows more.
 * @param asked `--scheduler`: these and no others, answering or not; `local` for none.
 * @throws {Error} with words, if one that was asked for is not here.
 */
export function chooseSchedulers(
  found: readonly FoundScheduler[],
  asked: readonly (SchedulerKind | 'local')[] | null,
): ChosenSchedulers {
  if (asked !== null) {
    const missing = asked.filter((kind) => kind !== 'local' && !found.some((each) => each.kind === kind))
    if (missing.length > 0)
      throw new Error(
        `--scheduler ${missing.join(', ')}: no commands of it answer on this host${found.length > 0 ? `; there is ${found.map(({ kind }) => kind).join(', ')}` : ''}. Put its commands on PATH for this call, or leave the option out`,
      )
    const used = found.filter(({ kind }) => asked.includes(kind))
    return {
      used,
      unused: found
        .filter(({ kind }) => !asked.includes(kind))
        .map((each) => ({ found: each, why: 'you chose others' })),
    }
  }
  const answering = found.filter(({ isAnswering }) => isAnswering)
  const below = answering.filter(({ kind }) => kind !== 'moab')
  const used = below.length > 0 ? below : answering
  return {
    used,
    unused: found
      .filter((each) => !used.includes(each))
      .map((each) => ({
        found: each,
        why: each.isAnswering ? 'the scheduler below it tells more' : 'its commands are here, but it does not answer',
      })),
  }
}

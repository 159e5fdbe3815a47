/** Which driver stands for which class of spawner, and what to do about those that none stands for. */

export interface KnownClass {
  /** Id of the driver. */
  readonly driver: string
  /** A number without a unit, as this scheduler reads it: what one is in MiB. Null: no such number. */
  readonly plainMemoryMiB: number | null
  /** What `A:B` and a number alone mean as a time: seconds of A, of B, of the number. */
  readonly clock: { readonly pair: readonly [number, number]; readonly plain: number } | null
}

const pbsTimes = { pair: [60, 1], plain: 1 } as const
const local: KnownClass = { driver: 'local', plainMemoryMiB: 1 / 2 ** 20, clock: null }
/** PBS and its kin: a number alone is bytes, and seconds. pbs_resources(7), qsub(1) of Torque */
const pbsKin = (driver: string): KnownClass => ({ driver, plainMemoryMiB: 1 / 2 ** 20, clock: pbsTimes })
const gridEngine: KnownClass = {
  driver: 'grid-engine',
  plainMemoryMiB: 1 / 2 ** 20,
  clock: { pair: [60, 1], plain: 1 },
}
const custom: KnownClass = { driver: 'custom', plainMemoryMiB: null, clock: null }

/** By dotted name. Classes of batchspawner are found without their module too. */
const known: Readonly<Record<string, KnownClass>> = {
  'jupyterhub.spawner.LocalProcessSpawner': local,
  'jupyterhub.spawner.SimpleLocalProcessSpawner': local,
  'sudospawner.SudoSpawner': local,
  'systemdspawner.SystemdSpawner': local,
  'batchspawner.TorqueSpawner': pbsKin('torque'),
  'batchspawner.MoabSpawner': pbsKin('moab'),
  'batchspawner.PBSSpawner': pbsKin('pbs'),
  // sbatch(1): a number alone is megabytes, and minutes; A:B is minutes and seconds.
  'batchspawner.SlurmSpawner': { driver: 'slurm', plainMemoryMiB: 1, clock: { pair: [60, 1], plain: 60 } },
  'batchspawner.GridengineSpawner': gridEngine,
  'batchspawner.UGESpawner': gridEngine,
  // condor_submit(1): request_memory is in MiB.
  'batchspawner.CondorSpawner': { driver: 'htcondor', plainMemoryMiB: 1, clock: null },
  // bsub(1) -W: A:B is hours and minutes, a number alone minutes. -M has a unit of the site's own.
  'batchspawner.LsfSpawner': { driver: 'lsf', plainMemoryMiB: null, clock: { pair: [3_600, 60], plain: 60 } },
  'batchspawner.BatchSpawner': custom,
  'batchspawner.BatchSpawnerRegexStates': custom,
}

const byShortName = new Map(Object.entries(known).map(([name, one]) => [name.slice(name.lastIndexOf('.') + 1), one]))

/** @returns undefined for a class that nothing is known of. */
export function findClass(name: string): KnownClass | undefined {
  if (Object.hasOwn(known, name)) return known[name]
  // `from batchspawner import TorqueSpawner`, and `batchspawner.batchspawner.TorqueSpawner`
  return name.includes('.') && !name.startsWith('batchspawner.')
    ? undefined
    : byShortName.get(name.slice(name.lastIndexOf('.') + 1))
}

/** What to say of a class that no driver stands for. */
export function refusalOf(name: string): string {
  if (/(^|\.)(WrapSpawner|ProfilesSpawner|DockerProfilesSpawner)$/.test(name))
    return 'a wrapper in a wrapper: write the profiles that it holds into one list'
  if (/docker|swarm|podman/i.test(name)) return 'Batchway has no driver for containers without a scheduler'
  if (/kube/i.test(name)) return 'Batchway has no driver for Kubernetes'
  return `a class of the site’s own: name its cluster and driver with --cluster ${JSON.stringify(`${name}=KEY:DRIVER`)}`
}

/** What the spawners of batchspawner let a profile name. */
export type SpawnerOption = 'queue' | 'partition' | 'account' | 'qos' | 'reservation' | 'constraint'

type OptionNames = Readonly<Partial<Record<SpawnerOption, string>>>

/** A driver of the site's own is told apart by nothing: it is given what nearly every scheduler has. */
const usual: OptionNames = { queue: 'queue', account: 'account' }

/** What each driver calls these; what it does not have is not there. */
const optionNames: Readonly<Record<string, OptionNames>> = {
  local: {},
  slurm: {
    queue: 'partition',
    account: 'account',
    qos: 'qos',
    reservation: 'reservation',
    constraint: 'constraint',
  },
  pbs: usual,
  torque: { ...usual, qos: 'qos' },
  moab: { ...usual, qos: 'qos' },
  'grid-engine': usual,
  // bsub(1): jobs are charged to a project.
  lsf: { queue: 'queue', account: 'project' },
  // A pool has no queues.
  htcondor: { account: 'accountingGroup' },
  custom: { ...usual, partition: 'partition', qos: 'qos', reservation: 'reservation' },
}

/** @returns the option of the driver; undefined where it has none. A partition is a queue to schedulers that tell them not apart. */
export function optionName(driver: string, option: SpawnerOption): string | undefined {
  const names = optionNames[driver] ?? usual
  return names[option] ?? (option === 'partition' ? names.queue : undefined)
}

/** Every class by name, for documents and tests. */
export const knownClasses: readonly string[] = Object.keys(known)

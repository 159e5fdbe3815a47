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

export const queueOption = (driver: string): 'partition' | 'queue' => (driver === 'slurm' ? 'partition' : 'queue')

/** Every class by name, for documents and tests. */
export const knownClasses: readonly string[] = Object.keys(known)

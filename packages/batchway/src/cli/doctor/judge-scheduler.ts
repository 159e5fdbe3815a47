/** What a cluster's scheduler says about itself. Pure. */
import { literal, ok, problem, type Verdict, warning } from './finding.ts'
import { coordinatorCommands, operatorCommand, parseSlurmVersion, type SlurmSettings } from './slurm-settings.ts'

export interface FoundCommand {
  readonly name: string
  /** Null: not on the path. */
  readonly file: string | null
}

export function judgeCommands(commands: readonly FoundCommand[], path: string): Verdict {
  const missing = commands.filter(({ file }) => file === null)
  if (missing.length === 0) return ok(commands.map(({ file }) => file).join(', '))
  return problem(
    `not found: ${missing.map(({ name }) => name).join(', ')} (PATH is ${path})`,
    'Install the scheduler’s client commands on this host, or tell the cluster where they are: settings.commandDirectory, an absolute path.',
    'Services have a PATH of their own: what a shell finds, the hub’s unit may not.',
  )
}

/** Versions of Slurm that the driver was made for; the first was measured, the last is the newest release it was checked against. */
const slurmRange = { from: [22, 5], to: [24, 11] } as const

const older = (a: readonly [number, number], b: readonly [number, number]): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1])
const sayVersion = ([major, minor]: readonly [number, number]): string => `${major}.${String(minor).padStart(2, '0')}`

export function judgeSlurmVersion(commands: string, controller: string | null): Verdict {
  const { from, to } = slurmRange
  const found = parseSlurmVersion(controller ?? commands)
  const words = `Slurm ${controller ?? commands}`
  if (found === null) return warning(`cannot tell the version: ${JSON.stringify(commands.slice(0, 60))}`)
  if (older(found, from))
    return warning(
      `${words} is older than ${sayVersion(from)}, the oldest that Batchway was tried with`,
      'Run one session of each profile before you let people in.',
    )
  if (older(to, found))
    return warning(
      `${words} is newer than ${sayVersion(to)}, the newest that Batchway knows`,
      'Run one session of each profile before you let people in.',
    )
  const own = parseSlurmVersion(commands)
  if (controller !== null && own !== null && older(found, own))
    return problem(
      `the commands here are of ${commands}, newer than the controller (${controller}): Slurm refuses that`,
      'Install the client commands of the controller’s version or an older one.',
    )
  return ok(`${words}, supported (${sayVersion(from)} to ${sayVersion(to)})`)
}

/** Less than this, and an ended job has left the list before a quiet poller has seen it end. */
const leastJobAgeSeconds = 60

export interface SlurmSight {
  readonly settings: SlurmSettings
  readonly hub: string
  /** Of the hub's account in accounting: `None`, `Operator`, `Administrator`; null if it has no entry there. */
  readonly adminLevel: string | null
  /** A probe job of another account will tell whether jobs are hidden: then this does not guess. */
  readonly isProbed: boolean
}

export function judgeSlurmSettings({ settings, hub, adminLevel, isProbed }: SlurmSight): readonly Verdict[] {
  const sees = adminLevel === 'Operator' || adminLevel === 'Administrator'
  const hidesJobs = settings.privateData.includes('jobs') && !sees
  const age = settings.minJobAgeSeconds
  return [
    ...(hidesJobs && !isProbed
      ? [
          problem(
            `PrivateData=${settings.privateData.join(',')} hides the jobs of others from ${hub}`,
            ...visibilityRemedy(hub, adminLevel !== null, settings),
          ),
        ]
      : []),
    ...(age !== null && age < leastJobAgeSeconds
      ? [
          warning(
            `MinJobAge=${age}: ended jobs leave the list so fast that only accounting can tell how they ended`,
            `In slurm.conf, then "scontrol reconfigure":`,
            literal('MinJobAge=300'),
          ),
        ]
      : []),
    ...(settings.accounting !== null && !settings.accounting.endsWith('/slurmdbd')
      ? [warning(`there is no accounting (AccountingStorageType=${settings.accounting})`, ...noAccounting)]
      : []),
  ]
}

/** What is lost without slurmdbd. */
export const noAccounting: readonly string[] = [
  'Sessions work all the same. What is told less exactly: out of memory, who cancelled, memory used, and the end of jobs while the hub was down.',
  'To have it: slurmdbd, and in slurm.conf',
  literal('AccountingStorageType=accounting_storage/slurmdbd'),
]

/** What lets the hub see all jobs. @param isKnown has its account an entry in accounting? */
export function visibilityRemedy(hub: string, isKnown: boolean, settings: SlurmSettings | null): readonly string[] {
  const rest = (settings?.privateData ?? []).filter((word) => word !== 'jobs')
  const others = settings === null ? 'PrivateData= without "jobs"' : `PrivateData=${rest.join(',') || 'none'}`
  if (settings?.accounting?.endsWith('/slurmdbd') === false)
    return ['In slurm.conf, then "scontrol reconfigure":', literal(others)]
  return [
    'One of these lets it. Operator: sees what PrivateData hides; may also change accounts and reservations.',
    literal(operatorCommand(hub, isKnown)),
    'Coordinator of each account (project) of your users, here ACCOUNT: sees and may cancel its jobs.',
    ...coordinatorCommands(hub).map(literal),
    'Or let everybody see jobs: in slurm.conf, then "scontrol reconfigure":',
    literal(others),
  ]
}

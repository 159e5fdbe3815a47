/** A list of ProfilesSpawner as profiles of Batchway, with what maps and what does not. */
import { formatDuration } from '../../core/units.ts'
import { type Mapped, mapSetting, type ProfileParts, plainText } from './map-setting.ts'
import type { DottedName, PythonValue } from './python-literal.ts'
import { findClass, type KnownClass, refusalOf } from './spawner-classes.ts'

/** What the site's names are called here. */
export interface ImportNames {
  /** Key of the application that every profile runs. */
  readonly application: string
  /** `CLASS` or `CLASS@HOST` → the key of a cluster, and its driver where the class does not tell it. */
  readonly clusters: ReadonlyMap<string, { readonly key: string; readonly driver?: string }>
  readonly queues: ReadonlyMap<string, string>
  readonly accounts: ReadonlyMap<string, string>
  /** For profiles that name no walltime. */
  readonly wallSeconds?: number | undefined
}

export interface SettingNote extends Mapped {
  readonly setting: string
  readonly value: string
}

export interface ImportedProfile {
  /** Place in the list, from 1. */
  readonly number: number
  readonly title: string
  readonly key: string
  readonly className: string
  /** Null: no driver can start it, or it is not a profile at all; `problems` says why. */
  readonly cluster: { readonly key: string; readonly driver: string; readonly isNamed: boolean } | null
  /** Host of the scheduler's server, if it names one. */
  readonly host: string | null
  readonly application: string
  readonly parts: ProfileParts
  readonly notes: readonly SettingNote[]
  /** Why it is no profile here. */
  readonly problems: readonly string[]
  /** What an admin should know of it. */
  readonly remarks: readonly string[]
}

const isDotted = (value: PythonValue | undefined): value is DottedName =>
  typeof value === 'object' && value !== null && 'dotted' in value

const show = (value: PythonValue): string => {
  const text = plainText(value)
  if (text !== null) return value === null ? 'None' : JSON.stringify(value)
  if (isDotted(value)) return value.dotted
  return Array.isArray(value) ? '[…]' : '{…}'
}

/** Our keys begin with a letter and hold few signs; ProfilesSpawner took any text. */
const toKey = (text: string): string => {
  const plain = text.normalize('NFKD').replace(/[^A-Za-z0-9_-]+/g, '-')
  return (/^[A-Za-z]/.test(plain) ? plain : `p-${plain.replace(/^-+/, '')}`).slice(0, 63)
}

const clusterKeyOf = (driver: string, host: string | null): string =>
  host === null ? driver : toKey(host.split('.')[0] ?? host)

/** @throws {RangeError} in words if it is not a list at all. */
export function mapProfileList(list: PythonValue, names: ImportNames): ImportedProfile[] {
  if (!Array.isArray(list)) throw new RangeError('it is not a list')
  const entries: readonly PythonValue[] = list
  if (entries.length === 0) throw new RangeError('the list is empty')
  return withoutClashes(entries.map((entry, index) => mapEntry(entry, index + 1, names)))
}

/** No two profiles of one key, and no two servers of schedulers under one name that only we gave them. */
function withoutClashes(profiles: readonly ImportedProfile[]): ImportedProfile[] {
  const keys = new Map<string, number>()
  const clusters = new Map<string, ImportedProfile>()
  return profiles.map((profile) => {
    const { key, number, cluster } = profile
    const problems = [...profile.problems]
    const earlier = keys.get(key)
    if (earlier !== undefined) problems.push(`profile ${earlier} has the key ${key} already`)
    else keys.set(key, number)
    const other = cluster && clusters.get(cluster.key)
    if (cluster && !other) clusters.set(cluster.key, profile)
    if (
      cluster &&
      other &&
      (other.cluster?.driver !== cluster.driver || other.host !== profile.host) &&
      !cluster.isNamed
    )
      problems.push(`another cluster is called ${cluster.key} already: name both with --cluster CLASS@HOST=KEY`)
    return { ...profile, problems }
  })
}

function mapEntry(entry: PythonValue, number: number, names: ImportNames): ImportedProfile {
  const parts: ProfileParts = { options: {} }
  const nothing = {
    number,
    title: '',
    key: toKey(`profile-${number}`),
    className: '',
    cluster: null,
    host: null,
    parts,
    notes: [],
  }
  const refused = (problem: string) => ({
    ...nothing,
    application: names.application,
    problems: [problem],
    remarks: [],
  })
  if (!Array.isArray(entry) || entry.length !== 4)
    return refused('it is not a tuple of four: (title, key, class, settings)')
  const [title, key, spawner, settings]: readonly PythonValue[] = entry
  if (typeof title !== 'string' || title.trim() === '') return refused('its title is not text')
  if (/[\x00-\x1f\x7f]/.test(title)) return refused('its title holds a control character')
  if (typeof key !== 'string' || key === '') return refused('its key is not text')
  const className = isDotted(spawner) ? spawner.dotted : spawner
  if (typeof className !== 'string' || !/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(className))
    return refused('its class is not the dotted name of one')
  if (!(settings instanceof Map)) return refused('its settings are not a dict')
  const remarks = key === toKey(key) ? [] : [`its key ${JSON.stringify(key)} is written ${toKey(key)} here`]
  return mapTuple({ number, title, key: toKey(key), className, settings, remarks }, names)
}

interface Tuple {
  readonly number: number
  readonly title: string
  readonly key: string
  readonly className: string
  readonly settings: ReadonlyMap<string, PythonValue>
  readonly remarks: readonly string[]
}

function mapTuple({ settings, remarks, ...tuple }: Tuple, names: ImportNames): ImportedProfile {
  const parts: ProfileParts = { options: {} }
  const host = plainText(settings.get('req_host') ?? null) || null
  const named =
    names.clusters.get(`${tuple.className}@${host}`) ??
    (host === null ? names.clusters.get(tuple.className) : undefined)
  const spawner = classOf(tuple.className, named?.driver)
  const base = { ...tuple, host, application: names.application, parts }
  if (spawner === undefined)
    return {
      ...base,
      cluster: null,
      notes: [],
      remarks,
      problems: [`${tuple.className}: ${refusalOf(tuple.className)}`],
    }
  const cluster = named?.key ?? clusterKeyOf(spawner.driver, host)
  const renamed = (kind: 'queue' | 'account', name: string) =>
    (kind === 'queue' ? names.queues : names.accounts).get(name) ?? name
  const notes = [...settings].map(([setting, value]): SettingNote => {
    const { verdict, words } = mapSetting(setting, value, { spawner, cluster, parts, renamed })
    return { setting, value: show(value), verdict, words }
  })
  const defaults = settleDefaults(parts, settings, names.wallSeconds)
  return {
    ...base,
    cluster: { key: cluster, driver: spawner.driver, isNamed: named !== undefined },
    notes,
    problems: [],
    remarks: [...remarks, ...defaults],
  }
}

/** Where the list says nothing the scheduler's own default held, which is not known here: never without a word. */
function settleDefaults(
  parts: ProfileParts,
  settings: ReadonlyMap<string, PythonValue>,
  wallSeconds: number | undefined,
): string[] {
  const isSilent = (name: string): boolean => plainText(settings.get(name) ?? null) === ''
  const missing: string[] = []
  if (parts.wallSeconds === undefined && isSilent('req_runtime')) {
    parts.wallSeconds = wallSeconds ?? 3_600
    const source = wallSeconds === undefined ? 'Batchway’s default' : 'as --walltime says'
    missing.push(`it names no time: resources.walltime is ${formatDuration(parts.wallSeconds)}, ${source}`)
  }
  if (parts.cores === undefined && isSilent('req_nprocs')) {
    parts.cores = 1
    missing.push('it names no cores: resources.cores is 1, Batchway’s default')
  }
  if (parts.memoryMiB === undefined && isSilent('req_memory')) {
    parts.memoryMiB = 1_024
    missing.push('it names no memory: resources.memory is 1G, Batchway’s default')
  }
  return missing
}

/** A driver that the admin names wins over what the class stands for: a Torque cluster may have become one of Slurm. */
function classOf(className: string, driver: string | undefined): KnownClass | undefined {
  const found = findClass(className)
  if (driver === undefined) return found
  return found === undefined ? { driver, plainMemoryMiB: null, clock: null } : { ...found, driver }
}

/** Is there anything that somebody must decide? */
export const isWhole = ({ problems, notes }: ImportedProfile): boolean =>
  problems.length === 0 && notes.every(({ verdict }) => verdict !== 'unmapped')

/** Profiles that a configuration keeps in files of their own, and tuples of ProfilesSpawner: as the profiles they stand for. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError, type ConfigProblem } from '../../core/config-error.ts'
import { type ExpandConfig, readYaml } from '../../core/load-config.ts'
import { TuplesConfig } from '../../core/profile-config.ts'
import { type ImportNames, mapProfileList } from './map-list.ts'
import type { PythonValue } from './python-literal.ts'
import { ListProblem, readPythonList } from './read-profile-list.ts'
import { toProfile } from './to-profile.ts'

const largest = 1_048_576

interface Entry {
  readonly value: unknown
  /** Undefined for an entry of the file itself. */
  readonly place: string | undefined
}

/** As far as it can be read: what is wrong with the rest is the schema's to say. */
function namesOf(raw: object): ImportNames {
  const given = TuplesConfig.safeParse('tuples' in raw ? raw.tuples : {})
  const tuples = given.success ? given.data : TuplesConfig.parse({})
  const clusters = z
    .record(z.string(), z.looseObject({ driver: z.string() }))
    .safeParse('clusters' in raw ? raw.clusters : {})
  const driverOf = (key: string) => (clusters.success ? clusters.data[key]?.driver : undefined)
  return {
    application: tuples.application,
    clusters: new Map(
      Object.entries(tuples.clusters).map(([name, key]) => {
        const driver = driverOf(key)
        return [name, { key, ...(driver !== undefined && { driver }) }]
      }),
    ),
    queues: new Map(Object.entries(tuples.queues)),
    accounts: new Map(Object.entries(tuples.accounts)),
    wallSeconds: tuples.walltime,
  }
}

/** Lists of YAML are arrays, its maps plain objects. */
function toValue(value: unknown): PythonValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(toValue)
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, one]): [string, PythonValue] => [name, toValue(one)]))
  return null
}

async function readEntries(name: string, file: string): Promise<Entry[] | string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read (${code})`
  }
  if (text.length > largest) return `${file} has more than 1 MiB`
  try {
    const list = file.endsWith('.py') ? readPythonList(text).value : yamlList(text, name)
    if (!Array.isArray(list)) return `${file} holds no list of profiles: write a list, or "profiles:" and the list`
    const values: readonly unknown[] = list
    return values.map((value, index) => ({ value, place: `${name}[${index}]` }))
  } catch (error) {
    if (error instanceof ListProblem) return `${file}: ${error.message}`
    if (error instanceof ConfigError) return `${file}: ${error.problems.map(({ message }) => message).join('; ')}`
    throw error
  }
}

function yamlList(text: string, name: string): unknown {
  const value = readYaml(text, name)
  const isWrapped =
    typeof value === 'object' && value !== null && 'profiles' in value && Object.keys(value).length === 1
  return isWrapped ? value.profiles : value
}

/** @returns the configuration with plain profiles only, and what does not map: nothing is left out without a word. */
export const expandProfiles: ExpandConfig = async (raw, folder) => {
  const asItIs = { raw, problems: [], places: [], files: [] }
  if (typeof raw !== 'object' || raw === null) return asItIs
  const names: unknown = 'profileFiles' in raw ? raw.profileFiles : []
  const own: unknown = 'profiles' in raw ? raw.profiles : []
  if (!Array.isArray(own) || !Array.isArray(names)) return asItIs
  const problems: ConfigProblem[] = []
  const entries: Entry[] = own.map((value: unknown) => ({ value, place: undefined }))
  const files: string[] = []
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string') continue // the schema says so
    const file = resolve(folder, name)
    const found = await readEntries(name, file)
    if (typeof found === 'string') problems.push({ path: `profileFiles[${index}]`, message: found })
    else {
      files.push(file)
      entries.push(...found)
    }
  }
  if (entries.length === 0) return { ...asItIs, problems }
  const mapped = mapTuples(entries, namesOf(raw))
  return {
    raw: { ...raw, profiles: mapped.profiles },
    problems: [...problems, ...mapped.problems],
    places: mapped.places,
    files,
  }
}

function mapTuples(entries: readonly Entry[], names: ImportNames) {
  const profiles: unknown[] = []
  const problems: ConfigProblem[] = []
  const places: (string | undefined)[] = []
  const tuples = entries.filter(({ value }) => isTuple(value))
  const mapped =
    tuples.length === 0
      ? []
      : mapProfileList(
          tuples.map(({ value }) => toTuple(value)),
          names,
        )
  let next = 0
  for (const [index, { value, place }] of entries.entries()) {
    const one = isTuple(value) ? mapped[next++] : undefined
    const profile = one === undefined ? value : toProfile(one)
    const path = place ?? `profiles[${index}]`
    for (const problem of one?.problems ?? []) problems.push({ path, message: problem })
    for (const { setting, verdict, words } of one?.notes ?? [])
      if (verdict === 'unmapped') problems.push({ path: `${path}.${setting}`, message: words })
    if (profile === null) continue
    profiles.push(profile)
    // A profile that was left out moves the rest: the schema's places are told by ours.
    places.push(place ?? (profiles.length - 1 === index ? undefined : path))
  }
  return { profiles, problems, places }
}

const isTuple = (value: unknown): value is readonly unknown[] => Array.isArray(value)

/** Out of a Python file the value is one already; out of YAML its settings are a plain object. */
function toTuple(value: unknown): PythonValue {
  if (!Array.isArray(value)) return null
  return value.map((one: unknown): PythonValue => {
    if (one instanceof Map) return one
    if (typeof one === 'object' && one !== null && 'dotted' in one && typeof one.dotted === 'string')
      return { dotted: one.dotted }
    return toValue(one)
  })
}

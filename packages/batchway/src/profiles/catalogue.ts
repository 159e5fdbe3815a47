/** The site's profiles, as forms and as specs. The server alone decides what a choice may be. */
import type { Cluster, Resources } from '@batchway/schedulers'
import type { z } from 'zod'
import type { Config, ProfileConfig } from '../core/config.ts'
import { findMatch } from '../core/people-match.ts'
import { formatDuration, parseDuration, parseMemory } from '../core/units.ts'
import { toApplication } from './applications.ts'
import {
  type Field,
  type Given,
  InvalidChoices,
  type Launcher,
  type LaunchForm,
  type Person,
  type ProfileCard,
} from './launch-model.ts'
import type { Application, IdleLimit, Origin, Spec } from './spec.ts'

/** How one resource is written in a form. */
interface Quantity {
  readonly label: string
  readonly kind: Field['kind']
  readonly unit: string | null
  readonly of: keyof Pick<Resources, 'cores' | 'memoryMiB' | 'wallSeconds'>
  parse(text: string): number | null
  /** What `parse` reads back exactly. */
  format(value: number): string
  /** With its unit, for sentences. */
  say(value: number): string
  readonly example: string
}

/** GiB with as many digits as it takes to come back to the same MiB. */
const formatGigabytes = (mebibytes: number): string => String(Number((mebibytes / 1_024).toFixed(4)))

function parseGigabytes(text: string): number | null {
  if (!/^\d{1,6}(\.\d{1,4})?$/.test(text)) return parseMemory(text)
  return Math.round(Number(text) * 1_024)
}

const formatClock = (seconds: number): string =>
  seconds % 60 === 0
    ? `${Math.floor(seconds / 3_600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}`
    : formatDuration(seconds)

const quantities = {
  cores: {
    label: 'Cores',
    kind: 'integer',
    unit: null,
    of: 'cores',
    parse: (text) => (/^\d{1,6}$/.test(text) ? Number(text) : null),
    format: String,
    say: (value) => (value === 1 ? '1 core' : `${value} cores`),
    example: '4',
  },
  memory: {
    label: 'Memory',
    kind: 'memory',
    unit: 'GB',
    of: 'memoryMiB',
    parse: parseGigabytes,
    format: formatGigabytes,
    say: (value) => `${Number((value / 1_024).toFixed(1))} GB`,
    example: '16',
  },
  walltime: {
    label: 'Time',
    kind: 'duration',
    unit: 'hours:minutes',
    of: 'wallSeconds',
    parse: parseDuration,
    format: formatClock,
    say: formatClock,
    example: '4:00',
  },
} as const satisfies Record<string, Quantity>
type QuantityName = keyof typeof quantities
const quantityNames = Object.keys(quantities) as QuantityName[]

/** What goes wrong with one value, or the value. */
function readQuantity(name: QuantityName, text: string, [lowest, highest]: readonly [number, number]): number | string {
  const { label, parse, say, example } = quantities[name]
  const value = parse(text.trim())
  if (value === null) return `${label}: ${JSON.stringify(text)} cannot be read. Write it like ${example}.`
  if (value < lowest) return `${label}: ${say(value)} is less than ${say(lowest)}. Ask for ${say(lowest)} or more.`
  if (value > highest) return `${label}: ${say(value)} is more than ${say(highest)}. Ask for ${say(highest)} or less.`
  return value
}

export interface CatalogueSite {
  readonly cluster: Pick<Cluster, 'key' | 'driver'>
  readonly title: string
}

export function openCatalogue(
  config: Pick<Config, 'profiles' | 'applications'>,
  clusters: ReadonlyMap<string, CatalogueSite>,
): Launcher & { offered(user: Person): readonly ProfileConfig[] } {
  const applications = new Map<string, Application>(
    Object.entries(config.applications).map(([key, application]) => [key, toApplication(key, application)]),
  )
  const byKey = new Map(config.profiles.map((profile) => [profile.key, profile]))

  function partsOf(profile: ProfileConfig): { application: Application; site: CatalogueSite } {
    const application = applications.get(profile.application)
    const site = clusters.get(profile.cluster)
    if (!application || !site) throw new Error(`profile ${profile.key} refers to what the configuration does not have`)
    return { application, site }
  }

  const ownResources = ({ resources }: ProfileConfig): Resources => ({
    cores: resources.cores,
    memoryMiB: resources.memory,
    gpus: resources.gpus,
    ...(resources.gpuType !== undefined && { gpuType: resources.gpuType }),
    wallSeconds: resources.walltime,
  })

  function cardOf(profile: ProfileConfig): ProfileCard {
    const { application, site } = partsOf(profile)
    const place = profile.options.partition ?? profile.options.queue
    return {
      key: profile.key,
      title: profile.title,
      description: profile.description ?? null,
      application: application.title,
      cluster: site.title,
      place: typeof place === 'string' ? place : null,
      resources: ownResources(profile),
    }
  }

  /** Values of the form, valid ones as numbers, wrong ones as words. */
  function resolve(profile: ProfileConfig, fields: Readonly<Record<string, string>>) {
    const resources = { ...ownResources(profile) }
    const origin: Record<string, Origin> = {}
    const errors: Record<string, string> = {}
    for (const name of quantityNames) {
      const range = profile.choose[name]
      const given = fields[name]
      const { of } = quantities[name]
      origin[`resources.${of}`] = 'profile'
      if (!range || given === undefined) continue
      const value = readQuantity(name, given, range)
      if (typeof value === 'string') errors[name] = value
      else if (value !== resources[of]) {
        resources[of] = value
        origin[`resources.${of}`] = 'user'
      }
    }
    return { resources, origin, errors }
  }

  function fieldsOf(
    profile: ProfileConfig,
    fields: Readonly<Record<string, string>>,
    errors: Readonly<Record<string, string>>,
  ): Field[] {
    return quantityNames.flatMap((name): Field[] => {
      const range = profile.choose[name]
      if (!range) return []
      const { label, kind, unit, format, say, of } = quantities[name]
      const [lowest, highest] = range
      return [
        {
          name,
          label,
          kind,
          unit,
          value: fields[name] ?? format(ownResources(profile)[of]),
          min: format(lowest),
          max: format(highest),
          choices: [],
          hint: `${say(lowest)} to ${say(highest)}.`,
          error: errors[name] ?? null,
        },
      ]
    })
  }

  const offered = (user: Person): readonly ProfileConfig[] =>
    config.profiles.filter((profile) => isOffered(profile, user))

  return {
    offered,
    async list(user) {
      return offered(user).map(cardOf)
    },
    async form(user, profileKey, fields = {}): Promise<LaunchForm | null> {
      const profile = byKey.get(profileKey)
      if (!profile || !isOffered(profile, user)) return null
      const { resources, errors } = resolve(profile, fields)
      return { profile: cardOf(profile), resources, fields: fieldsOf(profile, fields, errors) }
    },
    async choose(user, given: Given): Promise<Spec> {
      const profile = byKey.get(given.profile)
      if (!profile || !isOffered(profile, user))
        throw new InvalidChoices({ profile: 'This profile is not offered. Choose one of the list.' })
      const { resources, origin, errors } = resolve(profile, given.fields)
      if (Object.keys(errors).length > 0) throw new InvalidChoices(errors)
      const { application, site } = partsOf(profile)
      const { limits } = profile
      return {
        profile: { key: profile.key, title: profile.title },
        cluster: site.cluster.key,
        clusterTitle: site.title,
        application,
        resources,
        jobOptions: profile.options,
        requeue: profile.requeue,
        limits: {
          queueSeconds: limits.queue ?? null,
          bootSeconds: limits.boot,
          readySeconds: limits.ready,
          stopSeconds: limits.stop,
          ...(limits.idle !== undefined && { idle: idleLimit(limits.idle, limits) }),
        },
        origin: {
          ...origin,
          ...Object.fromEntries(Object.keys(profile.options).map((name) => [`jobOptions.${name}`, 'profile' as const])),
        },
      }
    },
    async recall(user, spec): Promise<Given | null> {
      const profile = byKey.get(spec.profile.key)
      if (!profile || !isOffered(profile, user)) return null
      const fields = quantityNames.flatMap((name) =>
        profile.choose[name] ? [[name, quantities[name].format(spec.resources[quantities[name].of])] as const] : [],
      )
      return { profile: profile.key, fields: Object.fromEntries(fields) }
    },
  }
}

const isOffered = ({ offeredTo }: ProfileConfig, { name, groups, claims = {} }: Person): boolean =>
  offeredTo === undefined || findMatch(offeredTo, { name, groups, claims }) !== null

/** An admin who names no time to warn gets ten minutes, or half of a short limit. */
const idleLimit = (seconds: number, limits: ProfileConfig['limits']): IdleLimit => ({
  seconds,
  warnSeconds: limits.idleWarning ?? Math.min(600, Math.floor(seconds / 2)),
  counts: limits.idleCounts,
})

/** What is wrong with each profile's driver options, for `config check` and the start: path and words. */
export function optionProblems(
  profiles: readonly (ProfileConfig | null)[],
  driverOf: (cluster: string) => { readonly jobOptions: z.ZodType } | undefined,
): { path: string; message: string }[] {
  return profiles.flatMap((profile, index) => {
    if (profile === null) return []
    const result = driverOf(profile.cluster)?.jobOptions.safeParse(profile.options)
    if (!result || result.success) return []
    return result.error.issues.map((issue) => ({
      path: `profiles[${index}].options${issue.path.length > 0 ? `.${issue.path.join('.')}` : ''}`,
      message:
        issue.code === 'unrecognized_keys'
          ? `the driver does not know ${issue.keys.map((name) => `"${name}"`).join(', ')}`
          : issue.message,
    }))
  })
}

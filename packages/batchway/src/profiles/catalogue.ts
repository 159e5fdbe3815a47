/** The site's profiles, as forms and as specs. The server alone decides what a choice may be. */
import type { Cluster } from '@batchway/schedulers'
import type { z } from 'zod'
import type { Config, ProfileConfig } from '../core/config.ts'
import { type ConfigProblem, unknownKey } from '../core/config-error.ts'
import { findMatch } from '../core/people-match.ts'
import { inOurWords, keysAt, schemaProblems } from '../core/schema-problems.ts'
import { toApplication } from './applications.ts'
import {
  type Given,
  InvalidChoices,
  type Launcher,
  type LaunchForm,
  notOffered,
  type Person,
  type ProfileCard,
} from './launch-model.ts'
import {
  fieldsOf,
  labelsOf,
  type Offer,
  offerOf,
  type Resolved,
  resolveChoices,
  strangersOf,
  valuesOf,
} from './offer.ts'
import type { Application, IdleLimit, Spec } from './spec.ts'

export interface CatalogueSite {
  readonly cluster: Pick<Cluster, 'key' | 'driver'>
  readonly title: string
}

export function openCatalogue(
  config: Pick<Config, 'profiles' | 'applications' | 'clusters'>,
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

  function offerFor(profile: ProfileConfig, user: Person): Offer {
    const { site } = partsOf(profile)
    return offerOf(profile, user, config.clusters[profile.cluster]?.limits ?? {}, site.cluster.driver.jobOptions)
  }

  function cardOf(
    profile: ProfileConfig,
    { resources, options }: Pick<Resolved, 'resources' | 'options'>,
  ): ProfileCard {
    const { application, site } = partsOf(profile)
    const place = options.partition ?? options.queue
    return {
      key: profile.key,
      title: profile.title,
      description: profile.description ?? null,
      application: application.title,
      cluster: site.title,
      place: typeof place === 'string' ? place : null,
      resources,
    }
  }

  const offered = (user: Person): readonly ProfileConfig[] =>
    config.profiles.filter((profile) => isOffered(profile, user))

  return {
    offered,
    async list(user) {
      return offered(user).map((profile) => cardOf(profile, resolveChoices(profile, offerFor(profile, user), {})))
    },
    async form(user, profileKey, fields = {}): Promise<LaunchForm | null> {
      const profile = byKey.get(profileKey)
      if (!profile || !isOffered(profile, user)) return null
      const offer = offerFor(profile, user)
      const resolved = resolveChoices(profile, offer, fields)
      const { resources, errors } = resolved
      // A choice that nobody has made yet is no mistake of theirs.
      const told = Object.fromEntries(Object.entries(errors).filter(([name]) => Object.hasOwn(fields, name)))
      return { profile: cardOf(profile, resolved), resources, fields: fieldsOf(offer, fields, told) }
    },
    async choose(user, given: Given): Promise<Spec> {
      const profile = byKey.get(given.profile)
      if (!profile || !isOffered(profile, user)) {
        const keys = offered(user).map(({ key }) => key)
        throw new InvalidChoices({ profile: notOffered(given.profile, keys) })
      }
      const offer = offerFor(profile, user)
      const { resources, options, origin, errors } = resolveChoices(profile, offer, given.fields)
      const wrong = { ...strangersOf(offer, given.fields), ...errors }
      if (Object.keys(wrong).length > 0) throw new InvalidChoices(wrong, labelsOf(offer))
      const { application, site } = partsOf(profile)
      const { limits } = profile
      return {
        profile: { key: profile.key, title: profile.title },
        cluster: site.cluster.key,
        clusterTitle: site.title,
        application,
        resources,
        jobOptions: options,
        requeue: profile.requeue,
        limits: {
          queueSeconds: limits.queue ?? null,
          bootSeconds: limits.boot,
          readySeconds: limits.ready,
          stopSeconds: limits.stop,
          ...(limits.idle !== undefined && { idle: idleLimit(limits.idle, limits) }),
        },
        origin: {
          cluster: 'profile',
          application: 'profile',
          requeue: 'profile',
          limits: 'profile',
          ...origin,
        },
      }
    },
    async recall(user, spec): Promise<Given | null> {
      const profile = byKey.get(spec.profile.key)
      if (!profile || !isOffered(profile, user)) return null
      return { profile: profile.key, fields: valuesOf(offerFor(profile, user), spec.resources, spec.jobOptions) }
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
): ConfigProblem[] {
  return profiles.flatMap((profile, index) => {
    if (profile === null) return []
    const schema = driverOf(profile.cluster)?.jobOptions
    if (!schema) return []
    const problemsOf = (options: unknown): ConfigProblem[] =>
      schemaProblems(schema, schema.safeParse(options, inOurWords).error?.issues ?? [], ['profiles', index, 'options'])
    const own = problemsOf(profile.options)
    if (own.length > 0) return own
    return Object.entries(profile.choose.options).flatMap(([name, values]): ConfigProblem[] => {
      const path = `profiles[${index}].choose.options.${name}`
      if (Array.isArray(values))
        return values.flatMap((value) =>
          problemsOf({ ...profile.options, [name]: value }).map(({ message }) => ({
            path,
            message: `${JSON.stringify(value)}: ${message}`,
          })),
        )
      // Values that a sign-in tells are looked at when they come; the name can be looked at now.
      const known = keysAt(schema)
      return known.length === 0 || known.includes(name) ? [] : [{ path, message: unknownKey(name, known) }]
    })
  })
}

/** What one profile offers one person: its fields, their limits, and what becomes of values that somebody gives. Pure. */
import type { Resources } from '@batchway/schedulers'
import type { z } from 'zod'
import type { ClusterConfig, ProfileConfig } from '../core/config.ts'
import { closest } from '../core/config-error.ts'
import type { Field, Person } from './launch-model.ts'
import { type QuantityName, quantities, quantityNames, quote, type Range, readQuantity } from './quantities.ts'
import type { Origin } from './spec.ts'

type Values = Readonly<Record<string, string>>

/** A field with a list of values: an option of the driver, or the type of GPU. */
interface Choice {
  readonly name: string
  readonly label: string
  readonly values: readonly string[]
  readonly initial: string | undefined
}

export interface Offer {
  readonly quantities: readonly { readonly name: QuantityName; readonly range: Range; readonly isLimited: boolean }[]
  readonly choices: readonly Choice[]
  /** What it asks for if nothing is changed, within the cluster’s limits. */
  readonly resources: Resources
  /** Resources that a limit of the cluster has made smaller. */
  readonly limited: ReadonlySet<QuantityName>
}

export interface Resolved {
  readonly resources: Resources
  readonly options: Readonly<Record<string, unknown>>
  readonly origin: Readonly<Record<string, Origin>>
  /** Messages by the name of the field. */
  readonly errors: Values
}

const labels: Readonly<Record<string, string>> = { qos: 'QOS', gpuType: 'GPU type' }
const labelOf = (name: string): string =>
  labels[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')

/** Values that this person may choose from; those that the driver would not take are not offered. */
function valuesFor(
  given: readonly string[] | string,
  person: Person,
  isTaken: (value: string) => boolean,
): readonly string[] {
  if (typeof given !== 'string') return given
  const claim = /^\{claim\.(.*)\}$/s.exec(given)?.[1]
  const { groups, claims = {} } = person
  const own = claim === undefined ? groups : Object.hasOwn(claims, claim) ? (claims[claim] ?? []) : []
  return [...new Set(own)].filter(isTaken)
}

/** @param jobOptions the driver’s schema of a job’s options. */
export function offerOf(
  profile: ProfileConfig,
  person: Person,
  limits: ClusterConfig['limits'],
  jobOptions: z.ZodType,
): Offer {
  const { resources: own, choose, options } = profile
  const limited = new Set(quantityNames.filter((name) => own[name] > (limits[name] ?? Number.POSITIVE_INFINITY)))
  const amount = (name: QuantityName): number => Math.min(own[name], limits[name] ?? Number.POSITIVE_INFINITY)
  const choices = Object.entries(choose.options).map(([name, given]): Choice => {
    const values = valuesFor(given, person, (value) => jobOptions.safeParse({ ...options, [name]: value }).success)
    const initial = values.find((value) => value === options[name]) ?? values[0]
    return { name, label: labelOf(name), values, initial }
  })
  if (choose.gpuType)
    choices.unshift({
      name: 'gpuType',
      label: labelOf('gpuType'),
      values: choose.gpuType,
      initial: own.gpuType ?? choose.gpuType[0],
    })
  const gpuType = own.gpuType ?? choose.gpuType?.[0]
  return {
    quantities: quantityNames.flatMap((name) => {
      const range = choose[name]
      if (!range) return []
      const highest = Math.min(range[1], limits[name] ?? Number.POSITIVE_INFINITY)
      return [{ name, range: [range[0], highest] as const, isLimited: highest < range[1] }]
    }),
    choices,
    resources: {
      cores: amount('cores'),
      memoryMiB: amount('memory'),
      gpus: amount('gpus'),
      ...(gpuType !== undefined && { gpuType }),
      wallSeconds: amount('walltime'),
    },
    limited,
  }
}

const namesOf = (offer: Offer): readonly string[] => [
  ...offer.quantities.map(({ name }) => name),
  ...offer.choices.map(({ name }) => name),
]

/** Labels by the names of its fields. */
export const labelsOf = (offer: Offer): Values =>
  Object.fromEntries([
    ...offer.quantities.map(({ name }) => [name, quantities[name].label] as const),
    ...offer.choices.map(({ name, label }) => [name, label] as const),
  ])

/** Only these names can be given. @returns what is wrong with each other one. */
export function strangersOf(offer: Offer, fields: Values): Values {
  const known = namesOf(offer)
  const strangers = Object.keys(fields).filter((name) => !known.includes(name))
  return Object.fromEntries(
    strangers.map((name) => {
      const guess = closest(name.slice(0, 64), known)
      const instead = guess ? `Did you mean ${quote(guess)}?` : `It has: ${known.join(', ') || 'none'}.`
      return [name, `This profile has no option ${quote(name)}. ${instead}`]
    }),
  )
}

const ownValue = (fields: Values, name: string): string | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

/** Values as they come out of a form or the API: right ones are taken, wrong ones leave the profile’s own and a message. */
export function resolveChoices(profile: ProfileConfig, offer: Offer, fields: Values): Resolved {
  const resources = { ...offer.resources }
  const options: Record<string, unknown> = { ...profile.options }
  const origin: Record<string, Origin> = {}
  const errors: Record<string, string> = {}
  for (const name of quantityNames)
    origin[`resources.${quantities[name].of}`] = offer.limited.has(name) ? 'limit' : 'profile'
  if (resources.gpuType !== undefined) origin['resources.gpuType'] = 'profile'
  for (const name of Object.keys(options)) origin[`jobOptions.${name}`] = 'profile'
  for (const { name, range } of offer.quantities) {
    const given = ownValue(fields, name)
    if (given === undefined) continue
    const { of } = quantities[name]
    const value = readQuantity(name, given, range)
    if (typeof value === 'string') errors[name] = value
    else if (value !== resources[of]) {
      resources[of] = value
      origin[`resources.${of}`] = 'user'
    }
  }
  for (const { name, values, initial } of offer.choices) {
    const given = ownValue(fields, name) ?? initial
    if (given === undefined) errors[name] = 'There is none for you. Ask who runs this gateway.'
    else if (!values.includes(given))
      errors[name] = `${quote(given)} is not offered. Choose one of: ${values.join(', ')}.`
    else {
      const isOwn = given === initial
      if (name === 'gpuType') Object.assign(resources, { gpuType: given })
      else options[name] = given
      origin[name === 'gpuType' ? 'resources.gpuType' : `jobOptions.${name}`] = isOwn ? 'profile' : 'user'
    }
  }
  return { resources, options, origin, errors }
}

/** `1 to 16 cores`, `0.5 to 32 GB`: a unit that both have is said once. */
function rangeWords(lowest: string, highest: string): string {
  const [amount = '', unit] = lowest.split(' ')
  const [, lastUnit] = highest.split(' ')
  const isSame = unit !== undefined && (unit === lastUnit || `${unit}s` === lastUnit)
  return `${isSame ? amount : lowest} to ${highest}`
}

/** The fields of its form, with values as they were typed. */
export function fieldsOf(offer: Offer, fields: Values, errors: Values): Field[] {
  const amounts = offer.quantities.map(({ name, range: [lowest, highest], isLimited }): Field => {
    const { label, kind, unit, format, say, of } = quantities[name]
    return {
      name,
      label,
      kind,
      unit,
      value: ownValue(fields, name) ?? format(offer.resources[of]),
      min: format(lowest),
      max: format(highest),
      choices: [],
      hint: `${rangeWords(say(lowest), say(highest))}.${isLimited ? ' The cluster gives no more.' : ''}`,
      error: errors[name] ?? null,
    }
  })
  const choices = offer.choices.map(({ name, label, values, initial }): Field => {
    const value = ownValue(fields, name) ?? initial ?? ''
    return {
      name,
      label,
      kind: 'choice',
      unit: null,
      value,
      min: null,
      max: null,
      choices: values.map((one) => ({ value: one, label: one })),
      hint: null,
      error: errors[name] ?? null,
    }
  })
  return [...amounts, ...choices]
}

/** The values that lead to these resources and options. */
export function valuesOf(offer: Offer, resources: Resources, options: Readonly<Record<string, unknown>>): Values {
  const amounts = offer.quantities.map(
    ({ name }) => [name, quantities[name].format(resources[quantities[name].of])] as const,
  )
  const choices = offer.choices.flatMap(({ name }) => {
    const value = name === 'gpuType' ? resources.gpuType : options[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return Object.fromEntries([...amounts, ...choices])
}

/** The page of the configuration, read off the schema that checks it. */
import { drivers } from '@batchway/schedulers'
import { z } from 'zod'
import { Config } from '../../packages/batchway/src/core/config.ts'
import { formatDuration, formatMemory } from '../../packages/batchway/src/core/units.ts'
import { cell, code, page, table } from './markdown.ts'

interface Key {
  readonly name: string
  readonly schema: z.ZodType
  readonly meaning: string
  /** `required` and `none` are words of ours; anything else is a value. */
  readonly usual: { readonly is: 'required' | 'none' } | { readonly is: 'value'; readonly value: unknown }
}

/** Take the wrappers off: what is left says the type, what came off says default and description. */
function unwrap(name: string, wrapped: z.core.$ZodType): Key {
  let schema: z.core.$ZodType = wrapped
  let usual: Key['usual'] = { is: 'required' }
  let meaning = ''
  for (;;) {
    meaning ||= z.globalRegistry.get(schema)?.description ?? ''
    if (schema instanceof z.ZodOptional) {
      usual = { is: 'none' }
      schema = schema.unwrap()
    } else if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
      usual = { is: 'value', value: schema.def.defaultValue }
      schema = schema.unwrap()
    } else break
  }
  if (!(schema instanceof z.ZodType)) throw new Error(`${name}: a schema that this page cannot show`)
  return { name, schema, meaning, usual }
}

type Quantity = 'duration' | 'memory'

/** Durations and sizes are both text that is transformed: asking the schema tells them apart. */
function quantityOf(schema: z.core.$ZodType): Quantity | null {
  if (!(schema instanceof z.ZodPipe)) return null
  // Some take only short durations, some only long ones.
  if (['1h', '90d'].some((text) => schema.safeParse(text).success)) return 'duration'
  return schema.safeParse('1G').success ? 'memory' : null
}

function typeWords(schema: z.core.$ZodType): string {
  const quantity = quantityOf(schema)
  if (quantity) return quantity === 'duration' ? 'duration' : 'memory size'
  if (schema instanceof z.ZodURL) return 'http(s) address'
  if (schema instanceof z.ZodEmail) return 'e-mail address'
  if (schema instanceof z.ZodString) return 'text'
  if (schema instanceof z.ZodBoolean) return '`true` or `false`'
  if (schema instanceof z.ZodNumber) return numberWords(schema)
  if (schema instanceof z.ZodEnum) return schema.options.map((word) => code(String(word))).join(' or ')
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((word) => code(String(word))).join(' or ')
  if (schema instanceof z.ZodObject) return '(below)'
  if (schema instanceof z.ZodArray)
    return schema.element instanceof z.ZodObject ? 'list (below)' : `list of ${typeWords(schema.element)}`
  if (schema instanceof z.ZodTuple) return `[${schema.def.items.map(typeWords).join(', ')}]`
  if (schema instanceof z.ZodRecord) {
    return schema.valueType instanceof z.ZodObject ? 'map (below)' : `map of text to ${typeWords(schema.valueType)}`
  }
  // A default inside a list or a map: the value may be left out there.
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const { innerType } = schema.def
    return typeWords(innerType)
  }
  if (schema instanceof z.ZodUnknown) return 'any value'
  if (schema instanceof z.ZodUnion) return schema.options.map(optionWords).join(' or ')
  throw new Error(`a type that this page cannot show: ${schema._zod.def.type}`)
}

/** A limit at the edge of what a number can hold is none. */
function numberWords({ minValue, maxValue }: z.ZodNumber): string {
  const from = minValue ?? Number.MIN_SAFE_INTEGER
  const to = maxValue ?? Number.MAX_SAFE_INTEGER
  return to >= Number.MAX_SAFE_INTEGER ? `whole number from ${from}` : `whole number, ${from} to ${to}`
}

/** `{ type: link }`. */
function optionWords(schema: z.core.$ZodType): string {
  if (!(schema instanceof z.ZodObject)) return typeWords(schema)
  const members = Object.entries(schema.shape).map(([name, member]) =>
    member instanceof z.ZodLiteral ? `${name}: ${[...member.values].join(' or ')}` : name,
  )
  return members.length > 2 ? `${code(`{ ${members[0]}, … }`)} (below)` : code(`{ ${members.join(', ')} }`)
}

function usualWords({ usual, schema }: Key): string {
  if (usual.is !== 'value') return usual.is === 'required' ? '**required**' : '–'
  const { value } = usual
  if (schema instanceof z.ZodObject) return '–'
  const quantity = quantityOf(schema)
  if (typeof value === 'number' && quantity) {
    return code(quantity === 'duration' ? formatDuration(value) : formatMemory(value))
  }
  // A default such as the path of the running Node differs from machine to machine.
  if (typeof value === 'string' && value.startsWith('/')) return 'where Batchway lies'
  return code(typeof value === 'string' && value !== '' ? value : JSON.stringify(value))
}

const keysOf = (schema: z.ZodObject): Key[] =>
  Object.entries(schema.shape).map(([name, member]) => unwrap(name, member))

const keyTable = (keys: readonly Key[]): string =>
  table(
    ['key', 'type', 'default', 'meaning'],
    keys.map((key) => [code(key.name), typeWords(key.schema), usualWords(key), cell(key.meaning) || '–']),
  )

interface Inner {
  readonly object: z.ZodObject
  readonly suffix: string
}

/** The objects that have a section of their own: the value itself, or what a list or a map holds. */
function innerObjects(schema: z.core.$ZodType): readonly Inner[] {
  if (schema instanceof z.ZodObject) return [{ object: schema, suffix: '' }]
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodObject) {
    return [{ object: schema.element, suffix: '[]' }]
  }
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodUnion) {
    return schema.element.options.flatMap((option: z.core.$ZodType) => unionMember(option))
  }
  if (schema instanceof z.ZodRecord && schema.valueType instanceof z.ZodObject) {
    return [{ object: schema.valueType, suffix: '.<key>' }]
  }
  return []
}

/** One of several kinds of entry, named by the literal that tells it apart; a kind without further keys needs no section. */
function unionMember(option: z.core.$ZodType): readonly Inner[] {
  if (!(option instanceof z.ZodObject)) return []
  const [kind, ...others] = Object.entries(option.shape)
  if (kind === undefined || others.length === 0 || !(kind[1] instanceof z.ZodLiteral)) return []
  return [{ object: option, suffix: `[${kind[0]}: ${[...kind[1].values].join(' or ')}]` }]
}

/** One section for this object, then one for each object in it. */
function sections(path: string, object: z.ZodObject, meaning: string): string[] {
  const keys = keysOf(object)
  const own = [
    path === '' ? '## Top level' : `## \`${path}\``,
    ...(meaning === '' ? [] : [`${meaning}.`]),
    keyTable(keys),
  ]
  const inner = keys.flatMap((key) => {
    const here = `${path === '' ? '' : `${path}.`}${key.name}`
    return innerObjects(key.schema).flatMap(({ object, suffix }) => sections(here + suffix, object, key.meaning))
  })
  return [...own, ...inner]
}

const objectTable = (schema: z.ZodType): string => {
  const keys = schema instanceof z.ZodObject ? keysOf(schema) : []
  return keys.length === 0 ? 'None.' : keyTable(keys)
}

export const configPage = (): string =>
  page(
    'Configuration',
    'packages/batchway/src/core/config.ts and the drivers',
    'One file, `batchway.yaml`; or `batchway.config.ts`, which exports `{ config, drivers }`, when a site brings a driver of its own.',
    'Unknown keys are errors. `batchway config check` says what is wrong, where, and what to write instead; `batchway config show` prints the file with its defaults filled in, `batchway config schema` prints the JSON Schema for editors.',
    'Durations: `90s`, `15m`, `8h`, `1h30m`, `H:MM`, `H:MM:SS`, `D-HH:MM:SS`. Memory sizes: `500M`, `16G`, `1T`, counted in steps of 1,024.',
    ...sections('', Config, ''),
    '## Drivers',
    'A driver has settings, for a cluster (`clusters.<key>.settings`), and options, for the jobs of a profile (`profiles[].options`).',
    'The hub fills in the settings of a `local` cluster itself; they are for several local schedulers, or one that lies elsewhere.',
    ...drivers.flatMap((driver) => [
      `### ${code(driver.id)}: settings of a cluster`,
      ...(driver.cautions ?? []),
      objectTable(driver.settings),
      `### ${code(driver.id)}: options of a profile`,
      objectTable(driver.jobOptions),
    ]),
  )

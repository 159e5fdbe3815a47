/** The API's description, OpenAPI 3.1, as a page shows it. Pure. */
import { z } from 'zod'

export interface FieldRow {
  readonly name: string
  readonly type: readonly TypeWord[]
  readonly is_required: boolean
  readonly description: string
}
/** A piece of a type in words; with `ref`, the name of a shape below. */
export interface TypeWord {
  readonly text: string
  readonly ref: boolean
}
export interface OperationView {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly access: string
  readonly parameters: readonly FieldRow[]
  readonly body: readonly TypeWord[]
  readonly answers: readonly {
    readonly status: string
    readonly description: string
    readonly type: readonly TypeWord[]
  }[]
}
export interface ApiReference {
  readonly version: string
  readonly words: string
  readonly server: string
  readonly count: number
  readonly groups: readonly {
    readonly id: string
    readonly title: string
    readonly operations: readonly OperationView[]
  }[]
  readonly shapes: readonly {
    readonly name: string
    readonly type: readonly TypeWord[]
    readonly fields: readonly FieldRow[]
  }[]
}

interface Schema {
  readonly $ref?: string | undefined
  readonly type?: string | readonly string[] | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly items?: Schema | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly additionalProperties?: boolean | Schema | undefined
  readonly required?: readonly string[] | undefined
  readonly anyOf?: readonly Schema[] | undefined
  readonly oneOf?: readonly Schema[] | undefined
  readonly allOf?: readonly Schema[] | undefined
  readonly description?: string | undefined
}
const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    items: Schema.optional(),
    properties: z.record(z.string(), Schema).optional(),
    additionalProperties: z.union([z.boolean(), Schema]).optional(),
    required: z.array(z.string()).optional(),
    anyOf: z.array(Schema).optional(),
    oneOf: z.array(Schema).optional(),
    allOf: z.array(Schema).optional(),
    description: z.string().optional(),
  }),
)
const Content = z.looseObject({ 'application/json': z.looseObject({ schema: Schema }).optional() }).optional()
const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().default(''),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        schema: Schema,
        description: z.string().default(''),
      }),
    )
    .default([]),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string(), content: Content })),
})
const Document = z.looseObject({
  info: z.looseObject({ version: z.string(), description: z.string().default('') }),
  servers: z.array(z.looseObject({ url: z.string() })).min(1),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema).default({}) }),
})

/** Titles of the first word of a path; a word that is missing here is its own title. */
const titles: Readonly<Record<string, string>> = {
  '': 'This hub',
  user: 'Users',
  users: 'Users',
  groups: 'Groups',
  services: 'Services',
  sessions: 'Sessions',
  clusters: 'Clusters and profiles',
  profiles: 'Clusters and profiles',
  agent: 'From inside jobs',
  batchspawner: 'From inside jobs',
  shares: 'Sharing',
  'share-codes': 'Sharing',
  announcements: 'Announcements',
  drain: 'Drains of clusters',
  drains: 'Drains of clusters',
}
const ofHub: ReadonlySet<string> = new Set([
  '',
  'health',
  'ready',
  'metrics',
  'info',
  'proxy',
  'shutdown',
  'openapi.json',
  'sign-in',
])

function titleOf(path: string): string {
  const [, first = '', , third = ''] = path.split('/')
  if (ofHub.has(first)) return 'This hub'
  if (first === 'users' && third.startsWith('server')) return 'Servers'
  if (first === 'users' && third === 'tokens') return 'Tokens'
  if (first === 'users' && third === 'sessions') return 'Sessions'
  if ((first === 'users' || first === 'groups') && third === 'shared') return 'Sharing'
  return titles[first] ?? first
}

/** @throws {z.ZodError} for what is no such description: ours, so a fault of ours. */
export function apiReference(document: unknown): ApiReference {
  const { info, servers, paths, components } = Document.parse(document)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: titleOf(path),
      view: toView(method, path, operation),
    })),
  )
  const groups = [...Map.groupBy(operations, ({ title }) => title)].map(([title, all]) => ({
    id: title.toLowerCase().replace(/[^a-z]+/g, '-'),
    title,
    operations: all.map(({ view }) => view),
  }))
  return {
    version: info.version,
    words: info.description,
    server: servers[0]?.url ?? '',
    count: operations.length,
    groups,
    shapes: Object.entries(components.schemas)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, schema]) => {
        const { properties } = objectOf(schema)
        return { name, type: properties === undefined ? typeWords(schema) : [], fields: fieldsOf(schema) }
      }),
  }
}

function toView(method: string, path: string, operation: z.infer<typeof Operation>): OperationView {
  const { operationId, summary, description, parameters, requestBody, responses } = operation
  const body = requestBody?.content?.['application/json']?.schema
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    summary,
    // Scopes stand in Markdown's code marks there.
    access: description.replaceAll('`', ''),
    parameters: parameters
      .filter((each) => each.in === 'query')
      .map(({ name, required, schema, description: words }) => ({
        name,
        type: typeWords(schema),
        is_required: required,
        description: words,
      })),
    body: body === undefined ? [] : typeWords(body),
    answers: Object.entries(responses)
      .filter(([status]) => status !== 'default')
      .map(([status, { description: words, content }]) => {
        const schema = content?.['application/json']?.schema
        return { status, description: words, type: schema === undefined ? [] : typeWords(schema) }
      }),
  }
}

/** An object’s own fields with those of what it extends here; references stay references. */
function objectOf(schema: Schema): Pick<Schema, 'properties' | 'required'> {
  if (schema.allOf === undefined) return schema
  const parts = schema.allOf.map(objectOf).filter(({ properties }) => properties !== undefined)
  if (parts.length === 0) return {}
  return {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  }
}

function fieldsOf(schema: Schema): readonly FieldRow[] {
  const { properties = {}, required = [] } = objectOf(schema)
  const needed = new Set(required)
  return Object.entries(properties).map(([name, field]) => ({
    name,
    type: typeWords(field),
    is_required: needed.has(name),
    description: field.description ?? '',
  }))
}

const names: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  null: 'null',
}
const word = (text: string): TypeWord => ({ text, ref: false })
const joined = (all: readonly (readonly TypeWord[])[], between: string): readonly TypeWord[] =>
  all.flatMap((each, index) => (index === 0 ? each : [word(between), ...each]))

/** `list of User`, `text or null`. Pieces that name a shape are marked. */
export function typeWords(schema: Schema): readonly TypeWord[] {
  const { $ref, type, items, properties, additionalProperties, anyOf, oneOf, allOf } = schema
  if ($ref !== undefined) return [{ text: $ref.split('/').at(-1) ?? '', ref: true }]
  const choices = anyOf ?? oneOf
  if (choices !== undefined) return joined(choices.map(typeWords), ' or ')
  if (allOf !== undefined) return joined(allOf.map(typeWords), ' and ')
  if (schema.enum !== undefined) return [word(schema.enum.map((each) => JSON.stringify(each)).join(' or '))]
  const kinds = typeof type === 'string' ? [type] : (type ?? [])
  return joined(
    kinds.map((kind) => {
      if (kind === 'array') return [word('list of '), ...typeWords(items ?? {})]
      if (kind !== 'object') return [word(names[kind] ?? kind)]
      if (properties !== undefined) return [word(`{ ${Object.keys(properties).join(', ')} }`)]
      return typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
        ? [word('by name: '), ...typeWords(additionalProperties)]
        : [word('object')]
    }),
    ' or ',
  ).concat(kinds.length === 0 ? [word('anything')] : [])
}

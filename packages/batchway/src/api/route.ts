import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import type { AuditInput } from '../people/audit.ts'
import type { Caller } from '../people/people.ts'
import type { Access } from './access.ts'
import { readJson } from './read-json.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** What a request is, once it is known who calls and that they may. */
export interface Incoming {
  readonly request: Request
  readonly caller: Caller
  /** `https://hub.example`: where this client reaches the hub. Links that it is to follow begin with it. */
  readonly origin: string
  /** The client's address, as far as this listener can know it. */
  readonly address: string
  /** Decoded parts of the path. */
  readonly params: Readonly<Record<string, string>>
  /** Write into the audit log what the caller did. Every route that changes something does (`audit.test.ts`). */
  record(
    entry: Pick<AuditInput, 'action' | 'object' | 'outcome' | 'detail'> & Partial<Pick<AuditInput, 'actor' | 'way'>>,
  ): Promise<void>
  /** Ask again whether this caller may do this: streams outlive tokens and sign-ins. */
  isStillAllowed(): Promise<boolean>
}

/** One operation of the API: access rule, validation, handler and documentation in one object. Made by `route`. */
export interface ApiRoute {
  readonly operationId: string
  readonly method: Method
  /** OpenAPI notation: `/users/{user}/server`. */
  readonly path: string
  /** Other spellings of the same resource that clients use; not in the documentation. */
  readonly aliases: readonly string[]
  readonly access: Access
  readonly summary: string
  readonly query: z.ZodObject
  readonly body: z.ZodType | null
  readonly responses: Readonly<Record<number, { readonly description: string; readonly schema?: z.ZodType }>>
  run(incoming: Incoming): Promise<Response>
}

const noQuery = z.object({})

/** @throws {BatchwayError} from the handler, or `bad_request` for what does not fit. */
export function route<Q extends z.ZodObject = typeof noQuery, B extends z.ZodType = z.ZodNull>(definition: {
  operationId: string
  method: Method
  path: string
  aliases?: readonly string[]
  access: Access
  summary: string
  query?: Q
  body?: B
  maxBodyBytes?: number
  responses: ApiRoute['responses']
  handler: (call: Incoming & { query: z.output<Q>; body: z.output<B> }) => Promise<Response> | Response
}): ApiRoute {
  const { handler, aliases = [], query, body, maxBodyBytes = 64 * 1024, ...rest } = definition
  return {
    ...rest,
    aliases,
    query: query ?? noQuery,
    body: body ?? null,
    async run(incoming) {
      return await handler({
        ...incoming,
        query: (query ? parse(query, queryOf(incoming.request), 'query') : {}) as z.output<Q>,
        body: (body ? parse(body, await readJson(incoming.request, maxBodyBytes), 'body') : null) as z.output<B>,
      })
    },
  }
}

/** Addresses that reach a server have no fragment. */
function queryOf({ url }: Request): Record<string, string> {
  const at = url.indexOf('?')
  return at < 0 ? {} : Object.fromEntries(new URLSearchParams(url.slice(at)))
}

/** First problem only, with its place: enough to repair a program, nothing to fill a log with. */
function parse<S extends z.ZodType>(schema: S, value: unknown, part: 'query' | 'body'): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = [part, ...(issue?.path ?? [])].map(String).join('.').slice(0, 200)
  throw new BatchwayError('bad_request', `${where}: ${issue?.message ?? 'does not fit'}`)
}

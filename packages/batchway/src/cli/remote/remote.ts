/** Asks a hub's API as the commands need it: a token, JSON, every page of a list, and errors as sentences. */
import { z } from 'zod'
import { escapeName } from '../../core/http.ts'
import { ErrorAnswer, Paged } from './answers.ts'
import type { Credentials } from './credentials.ts'
import { CommandProblem } from './exit-statuses.ts'
import { answerProblem, networkProblem } from './problem-words.ts'
import type { Surroundings } from './surroundings.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Remote {
  /** What people open in a browser: `https://hpc.example.edu/jupyter/`. */
  readonly site: string
  /** @throws {CommandProblem} for every answer that is none of success, and for one that does not have the shape. */
  read<S extends z.ZodType>(path: string, shape: S): Promise<z.output<S>>
  /** The same of a request that changes something. @returns null for an answer without a body. */
  send<S extends z.ZodType>(method: Method, path: string, body: unknown, shape: S): Promise<z.output<S>>
  /** All pages of a list, in order. */
  list<S extends z.ZodType>(path: string, query: Readonly<Record<string, string>>, item: S): Promise<z.output<S>[]>
  /** A stream of server-sent events: their data. @throws {CommandProblem} `unreachable` when it breaks. */
  follow(path: string): AsyncGenerator<string>
}

/** How long an answer may take (ms): the slowest are long lists on a busy hub. */
const answerMs = 60_000
const longestEvent = 1024 * 1024
const pageType = 'application/jupyterhub-pagination+json'

/** `/users/NAME/…`: a name is one segment and never climbs. @throws {CommandProblem} */
export function pathOf(strings: TemplateStringsArray, ...names: readonly string[]): string {
  return String.raw(
    { raw: strings },
    ...names.map((name) => {
      if (name === '' || name === '.' || name === '..')
        throw new CommandProblem('refused', `"${name}" is no name: write the name of somebody or something`)
      return escapeName(name)
    }),
  )
}

export function openRemote(credentials: Credentials, { fetch }: Pick<Surroundings, 'fetch'>): Remote {
  const { api, token } = credentials
  const site = api.slice(0, -'hub/api'.length)

  async function ask(
    method: Method,
    path: string,
    accept: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    let response: Response
    try {
      response = await fetch(`${api}${path}`, {
        method,
        headers: {
          Accept: accept,
          Authorization: `token ${token}`,
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        // A token is for the hub that was named, not for where it may send us.
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      throw networkProblem(error, site)
    }
    if (response.ok) return response
    const text = await response.text().catch(() => '')
    const told = ErrorAnswer.safeParse(jsonOf(text))
    throw answerProblem({
      status: response.status,
      message: told.success ? told.data.message : null,
      type: told.data?.type ?? null,
      location: response.headers.get('location'),
      retryAfter: response.headers.get('retry-after'),
      credentials,
      site,
    })
  }

  async function json(method: Method, path: string, accept: string, body?: unknown): Promise<unknown> {
    const response = await ask(method, path, accept, body, AbortSignal.timeout(answerMs))
    const text = await response.text().catch((error: unknown) => {
      throw networkProblem(error, site)
    })
    if (text === '') return null
    const read = jsonOf(text)
    if (read === undefined) throw notTheApi(site)
    return read
  }

  const shaped = <S extends z.ZodType>(shape: S, value: unknown): z.output<S> => {
    const read = shape.safeParse(value)
    if (read.success) return read.data
    throw notTheApi(site)
  }

  return {
    site,
    read: async (path, shape) => shaped(shape, await json('GET', path, 'application/json')),
    send: async (method, path, body, shape) => shaped(shape, await json(method, path, 'application/json', body)),
    async list(path, query, item) {
      const items: unknown[] = []
      let search = new URLSearchParams({ limit: '200', ...query }).toString()
      for (const seen = new Set<string>(); !seen.has(search); ) {
        seen.add(search)
        const { items: more, _pagination: page } = shaped(
          Paged,
          await json('GET', `${path}?${search}`, `${pageType}, application/json`),
        )
        items.push(...more)
        if (page.next === null) break
        // Of the address only what says which page: the host is the one that was asked, whatever a hub thinks it is called.
        search = URL.canParse(page.next.url) ? new URL(page.next.url).search.slice(1) : ''
      }
      return items.map((each) => shaped(item, each))
    },
    async *follow(path) {
      const stop = new AbortController()
      try {
        const response = await ask('GET', path, 'text/event-stream', undefined, stop.signal)
        if (response.body === null) return
        const decoder = new TextDecoder()
        let rest = ''
        for await (const piece of response.body) {
          rest += decoder.decode(piece, { stream: true })
          if (rest.length > longestEvent) throw notTheApi(site)
          const blocks = rest.split(/\r?\n\r?\n/)
          rest = blocks.pop() ?? ''
          for (const block of blocks) {
            const data = block.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? [])
            if (data.length > 0) yield data.join('\n')
          }
        }
      } catch (error) {
        throw error instanceof CommandProblem ? error : networkProblem(error, site)
      } finally {
        stop.abort()
      }
    },
  }
}

/** @returns undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const notTheApi = (site: string): CommandProblem =>
  new CommandProblem(
    'unreachable',
    `${site} answers, but not as a hub’s API does: is the address right? It is the one that people open`,
  )

/** An answer whose body does not matter. */
export const Anything = z.unknown()

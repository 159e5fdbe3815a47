import type { Hono } from 'hono'
import type { FrontGate } from '../web/front-gate.ts'

export interface PublicParts {
  readonly base: string
  readonly api: Pick<Hono, 'fetch'>
  readonly web: Pick<Hono, 'fetch'>
  /** Where people sign in at the front server: looks at each request before anything else does. */
  readonly follow: FrontGate | undefined
  readonly onPage: (method: string, status: number, ms: number) => void
  now(): number
}

/** What the public listener serves: the API at its paths, and pages everywhere else. */
export function joinPublic({ base, api, web, follow, onPage, now }: PublicParts): Pick<Hono, 'fetch'> {
  const apiPaths: ReadonlySet<string> = new Set(['api', 'health', 'metrics'].map((name) => `${base}hub/${name}`))
  const isApi = (path: string): boolean => apiPaths.has(path) || path.startsWith(`${base}hub/api/`)
  return {
    fetch(first, bindings) {
      const answer = async (request: Request): Promise<Response> => {
        if (isApi(new URL(request.url).pathname)) return api.fetch(request, bindings)
        const since = now()
        const response = await web.fetch(request, bindings)
        onPage(request.method, response.status, now() - since)
        return response
      }
      return follow === undefined ? answer(first) : follow(first, answer)
    },
  }
}

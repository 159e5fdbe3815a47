import type { Hono } from 'hono'
import type { FrontGate } from '../web/front-gate.ts'

export interface PublicParts {
  readonly base: string
  readonly api: Pick<Hono, 'fetch'>
  readonly web: Pick<Hono, 'fetch'>
  /** Where people sign in at the front server: looks at each request before anything else does. */
  readonly follow: FrontGate | undefined
  /** Answered: a page, or OAuth's two endpoints, which the API's routes do not count. */
  readonly onPage: (request: { method: string; path: string; status: number; ms: number }) => void
  now(): number
}

/** What the public listener serves: the API at its paths, and pages everywhere else. */
export function joinPublic({ base, api, web, follow, onPage, now }: PublicParts): Pick<Hono, 'fetch'> {
  const apiPaths: ReadonlySet<string> = new Set(
    ['api', 'health', 'ready', 'metrics'].map((name) => `${base}hub/${name}`),
  )
  const isApi = (path: string): boolean => apiPaths.has(path) || path.startsWith(`${base}hub/api/`)
  const oauth = `${base}hub/api/oauth2/`
  return {
    fetch(first, bindings) {
      const answer = async (request: Request): Promise<Response> => {
        const path = new URL(request.url).pathname
        const app = isApi(path) ? api : web
        if (app === api && !path.startsWith(oauth)) return api.fetch(request, bindings)
        const since = now()
        const response = await app.fetch(request, bindings)
        onPage({ method: request.method, path, status: response.status, ms: now() - since })
        return response
      }
      return follow === undefined ? answer(first) : follow(first, answer)
    },
  }
}

/** Requests for a server that does not run end up here, by the proxy's default route (contract 2.9). */
import { Hono } from 'hono'
import { BatchwayError, toProblem } from '../core/errors.ts'
import { apiHeaders, escapeName, type HubVersions } from '../core/http.ts'

/** Would a program read the answer? Then a redirect or a page would only confuse it; JupyterLab shows its dialog at a 424. */
export function wantsJson(method: string, path: string, accept: string | null): boolean {
  if (method !== 'GET' && method !== 'HEAD') return true
  if (path.split('/').includes('api')) return true
  const first = (accept ?? '').split(',')[0]?.split(';')[0]?.trim().toLowerCase()
  return first === 'application/json'
}

export interface NotRunningSettings {
  readonly base: string
  readonly versions: HubVersions
}

/**
 * Answer 424 to programs for everything below `{base}user/` and `{hub}user/`, and leave pages to whoever is mounted next.
 * The answer is the same for every name: nobody is looked up, so nothing about users can be learnt, and it costs nothing.
 */
export function mountNotRunning(settings: NotRunningSettings, newRequestId: () => string): Hono {
  const app = new Hono()
  const headers = apiHeaders(settings.base, settings.versions)
  for (const prefix of [`${settings.base}user/`, `${settings.base}hub/user/`])
    app.all(`${prefix}:user/*`, async (c, next) => {
      const rest = c.req.path.slice(prefix.length).split('/').slice(1).join('/')
      if (!wantsJson(c.req.method, rest, c.req.header('accept') ?? null)) return await next()
      const name = (c.req.param('user') ?? '').slice(0, 255)
      const spawn = `${settings.base}hub/spawn/${escapeName(name)}`
      const message = `The server of ${name} is not running. Start it at ${spawn}`
      const problem = toProblem(new BatchwayError('not_running', message), newRequestId())
      return Response.json({ ...problem, spawn_url: spawn }, { status: problem.status, headers })
    })
  return app
}

import type { AppConnector } from './app-connection.ts'
import { askText } from './ask-application.ts'
import type { Sign } from './idle-limit.ts'
import type { ApplicationOrder } from './protocol.ts'

const maxBytes = 1024 * 1024

/** What one look at a Jupyter server found. */
export interface JupyterState {
  /** Its own time stamp of requests, kernels and terminals, as text: only whether it changes counts, so no clock is compared. */
  readonly lastActivity: string
  /** A kernel computes, or somebody is connected to one. */
  readonly isBusy: boolean
}

/**
 * Read the answers to `api/status` and `api/kernels` of Jupyter Server 1 and 2 and of Notebook 6; null if they are not that.
 * Only `busy` is use: the start of a kernel moves the server's time stamp by itself, and `starting` may stand for ever, for Jupyter
 * misses a kernel's first `idle` when that comes before it listens.
 * @see jupyter_server/services/api/api.yaml
 */
export function readJupyterState(status: unknown, kernels: unknown): JupyterState | null {
  const lastActivity = at(status, 'last_activity')
  if (typeof lastActivity !== 'string' || !Array.isArray(kernels)) return null
  const isBusy = kernels.some((kernel: unknown) => {
    const connections = at(kernel, 'connections')
    return at(kernel, 'execution_state') === 'busy' || (typeof connections === 'number' && connections > 0)
  })
  return { lastActivity, isBusy }
}

/** Was Jupyter used between two looks? The first look begins the count. */
export const jupyterSign = (before: JupyterState | null, now: JupyterState): Sign =>
  before === null || now.isBusy || now.lastActivity !== before.lastActivity ? 'used' : 'quiet'

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

/** Asks a Jupyter server without counting as activity itself. @throws when it does not answer, or something else than its state. */
async function askJupyter(connector: AppConnector, order: ApplicationOrder): Promise<JupyterState> {
  const token = order.gate?.appToken ?? order.environment.JUPYTERHUB_API_TOKEN ?? ''
  const prefix = order.prefix.replace(/\/*$/, '/')
  const ask = async (path: string): Promise<unknown> => {
    const headers = { accept: 'application/json', authorization: `token ${token}` }
    const { status, text } = await askText(connector, `${prefix}${path}?no_track_activity=1`, headers, maxBytes)
    if (status !== 200) throw new Error(`${path} answers with HTTP ${status}`)
    return JSON.parse(text)
  }
  const state = readJupyterState(await ask('api/status'), await ask('api/kernels'))
  if (state === null) throw new Error('its answer is not that of a Jupyter server')
  return state
}

/** Looks at a Jupyter server's activity. One that cannot be asked is never called idle, which is said once. */
export function jupyterLook(
  connector: AppConnector,
  order: ApplicationOrder,
  log: (line: string) => void,
): () => Promise<Sign> {
  let before: JupyterState | null = null
  let complaint = ''
  return async () => {
    try {
      const now = await askJupyter(connector, order)
      const sign = jupyterSign(before, now)
      before = now
      complaint = ''
      return sign
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      if (words !== complaint) log(`the idle limit waits, since Jupyter does not tell whether it is used: ${words}`)
      complaint = words
      return 'unknown'
    }
  }
}

/** What lies where in the hub's state directory. */
import { join } from 'node:path'
import type { Config } from '../core/config.ts'

export interface StatePaths {
  readonly database: string
  readonly hubKey: string
  readonly proxyToken: string
  readonly proxySnapshot: string
  /** How far events were told. */
  readonly eventPosition: string
  /** Address of the proxy's control API. */
  readonly proxyControl: string
  /** Address of the hub's public listener: for the proxy alone. */
  readonly hubSocket: string
  /** The local scheduler's own directory. */
  readonly localScheduler: string
  /** What submit processes hold open for as long as they live. */
  readonly submits: string
  /** Where `agent install` puts agents, unless a cluster says otherwise. */
  readonly agents: string
}

export function statePaths(config: Pick<Config, 'stateDirectory' | 'database' | 'proxy'>): StatePaths {
  const inside = (name: string): string => join(config.stateDirectory, name)
  return {
    database: config.database ?? `sqlite:${inside('batchway.db')}`,
    hubKey: inside('hub.key'),
    proxyToken: inside('proxy.token'),
    proxySnapshot: inside('proxy-routes.json'),
    eventPosition: inside('events.position'),
    proxyControl: config.proxy.control ?? `unix:${inside('proxy.sock')}`,
    hubSocket: `unix:${inside('hub.sock')}`,
    localScheduler: inside('local'),
    submits: inside('submits'),
    agents: inside('agent'),
  }
}

/** Do jobs of other accounts pass through the state directory, to what the local scheduler and they tell each other? */
export const hasOthersJobs = ({ clusters }: Pick<Config, 'clusters'>): boolean =>
  Object.values(clusters).some(({ driver, transport }) => driver === 'local' && transport === 'sudo')

/** The hub's public listener as the proxy's route names it. */
export const hubTarget = (paths: StatePaths): string =>
  `http+unix://${encodeURIComponent(paths.hubSocket.slice('unix:'.length))}`

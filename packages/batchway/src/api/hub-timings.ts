/** How long the hub's own work takes: JupyterHub's names (contract 7.1), told by those who do it. */
import { Counter, Histogram, type Registry } from 'prom-client'

/** What the hub asks of its proxy. */
export type ProxyWork = 'poll' | 'add' | 'delete'

export interface HubTimings {
  proxy(work: ProxyWork, isDone: boolean, ms: number): void
  /** All routes were compared with what should be there, and mended. */
  checkedRoutes(ms: number): void
  /** What ran was adopted before the hub listened. */
  adopted(ms: number): void
  /** One list of a cluster's jobs: it tells of all its servers at once. */
  polled(ms: number): void
  signIn(isDone: boolean, ms: number): void
  signOut(ms: number): void
  cspReport(): void
}

const seconds = (ms: number): number => Math.max(0, ms) / 1_000
const statusOf = (isDone: boolean): 'success' | 'failure' => (isDone ? 'success' : 'failure')
const statuses = ['success', 'failure'] as const

/** @param prefix `jupyterhub`, or what the site calls it. */
export function openHubTimings(registry: Registry, prefix: string): HubTimings {
  const registers = [registry]
  const histogram = (name: string, help: string) => new Histogram({ name: `${prefix}_${name}`, help, registers })
  const byStatus = (name: string, help: string, labels: readonly string[] = statuses) => {
    const made = new Histogram({ name: `${prefix}_${name}`, help, labelNames: ['status'], registers })
    // A rate needs a series that was there before the first event.
    for (const status of labels) made.zero({ status })
    return made
  }
  const polls = byStatus('server_poll_duration_seconds', 'Lists of a cluster’s jobs, each for all its servers', [
    'running',
    'stopped',
  ])
  const added = byStatus('proxy_add_duration_seconds', 'Giving the proxy a route')
  const deleted = byStatus('proxy_delete_duration_seconds', 'Taking a route from the proxy')
  const signIns = byStatus('login_duration_seconds', 'Answers to forms, links and providers that sign somebody in')
  const proxyPolls = histogram('proxy_poll_duration_seconds', 'Asking the proxy for its routes')
  const checks = histogram('check_routes_duration_seconds', 'Comparing the proxy’s routes with what should be there')
  const adoptions = histogram('init_spawners_duration_seconds', 'Adopting what ran before the hub started')
  const signOuts = histogram('logout_duration_seconds', 'Signing out')
  const reports = new Counter({
    name: `${prefix}_csp_reports_total`,
    help: 'Breaches of the content security policy that browsers reported',
    registers,
  })
  return {
    proxy(work, isDone, ms) {
      if (work === 'poll') proxyPolls.observe(seconds(ms))
      else (work === 'add' ? added : deleted).observe({ status: statusOf(isDone) }, seconds(ms))
    },
    checkedRoutes: (ms) => checks.observe(seconds(ms)),
    adopted: (ms) => adoptions.observe(seconds(ms)),
    polled: (ms) => polls.observe({ status: 'running' }, seconds(ms)),
    signIn: (isDone, ms) => signIns.observe({ status: statusOf(isDone) }, seconds(ms)),
    signOut: (ms) => signOuts.observe(seconds(ms)),
    cspReport: () => reports.inc(),
  }
}

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
  /** One statement of the database, from the hub's main thread. */
  statement(isDone: boolean, ms: number): void
  /** One call of a scheduler's commands. */
  called(call: {
    readonly cluster: string
    readonly kind: SchedulerCall
    readonly isDone: boolean
    readonly ms: number
  }): void
}

/** What a scheduler is asked. */
export type SchedulerCall = 'submit' | 'list' | 'cancel' | 'history'

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
  const statements = new Histogram({
    name: 'batchway_database_statement_seconds',
    help: 'Statements of the database, the wait for it included',
    labelNames: ['status'],
    buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 10],
    registers,
  })
  for (const status of statuses) statements.zero({ status })
  const calls = new Histogram({
    name: 'batchway_scheduler_call_duration_seconds',
    help: 'Calls of schedulers’ commands, the wait for their turn included',
    labelNames: ['cluster', 'call', 'status'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  })
  return {
    statement: (isDone, ms) => statements.observe({ status: statusOf(isDone) }, seconds(ms)),
    called: ({ cluster, kind, isDone, ms }) =>
      calls.observe({ cluster, call: kind, status: statusOf(isDone) }, seconds(ms)),
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

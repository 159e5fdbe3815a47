/** What the proxy counts, under configurable-http-proxy's names, so that boards made for it go on working, and beside them under our own. */
import { readdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Condition, healthAnswer } from './health.ts'
import { Tallies } from './tallies.ts'

/** Kinds of control calls that configurable-http-proxy counts. */
export type Counted = 'get' | 'add' | 'delete'

const quantiles = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]
/** Quantiles are those of the last so many values: what was slow a month ago says nothing about today. */
const remembered = 1_024

class Summary {
  readonly #last = new Float64Array(remembered)
  #count = 0
  #sum = 0

  observe(seconds: number): void {
    this.#last[this.#count % remembered] = seconds
    this.#count += 1
    this.#sum += seconds
  }

  lines(name: string): string[] {
    const sorted = this.#last.slice(0, Math.min(this.#count, remembered)).sort()
    const at = (quantile: number) => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0
    return [
      ...quantiles.map((quantile) => `${name}{quantile="${quantile}"} ${at(quantile)}`),
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ]
  }
}

/** Counters of one proxy process. Counting is adding one; everything else happens when somebody asks. */
export class Metrics {
  readonly tallies: Tallies
  readonly #api = { get: 0, add: 0, delete: 0 }
  readonly #apiStatuses = new Map<number, number>()
  readonly #statuses = new Map<number, number>()
  readonly #refusals = new Map<string, number>()
  readonly #finding = new Summary()
  #web = 0
  #webSockets = 0
  #activities = 0

  constructor(tallies = new Tallies()) {
    this.tallies = tallies
  }

  web(): void {
    this.#web += 1
  }
  webSocket(): void {
    this.#webSockets += 1
  }
  /** @param seconds that it took to find where a request goes. */
  found(seconds: number): void {
    this.#finding.observe(seconds)
  }
  answered(status: number): void {
    add(this.#statuses, status)
    if (status < 300) this.#activities += 1
  }
  refused(refusal: string): void {
    add(this.#refusals, refusal)
  }
  api(status: number, counted: Counted | null): void {
    add(this.#apiStatuses, status)
    if (counted !== null) this.#api[counted] += 1
  }

  /** @see https://prometheus.io/docs/instrumenting/exposition_formats/ version 0.0.4 */
  render(now: { readonly routes: number; readonly webSockets: number }): string {
    const out: string[] = []
    const family = (name: string, type: string, help: string, lines: readonly string[]): void => {
      out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, '')
    }
    const one = (name: string, type: string, help: string, value: number): void =>
      family(name, type, help, [`${name} ${value}`])
    const byLabel = (name: string, label: string, help: string, counts: Iterable<readonly [string | number, number]>) =>
      family(
        name,
        'counter',
        help,
        [...counts].map(([value, count]) => `${name}{${label}="${escapeLabel(String(value))}"} ${count}`),
      )
    one('api_route_get', 'counter', 'Calls that listed the routes', this.#api.get)
    one('api_route_add', 'counter', 'Calls that added a route', this.#api.add)
    one('api_route_delete', 'counter', 'Calls that removed a route', this.#api.delete)
    family(
      'find_target_for_req',
      'summary',
      'Seconds to find where a request goes',
      this.#finding.lines('find_target_for_req'),
    )
    // Here it is the setting of one number: it is counted, and takes no time that could be told.
    family('last_activity_updating', 'summary', 'Answers that count as activity of their route', [
      'last_activity_updating_sum 0',
      `last_activity_updating_count ${this.#activities}`,
    ])
    one('requests_ws', 'counter', 'WebSockets asked for', this.#webSockets)
    one('requests_web', 'counter', 'Requests other than for WebSockets', this.#web)
    byLabel('requests_proxy', 'status', 'Answers to requests, by status', this.#statuses)
    byLabel('requests_api', 'status', 'Answers of the control API, by status', this.#apiStatuses)
    one('batchway_proxy_routes', 'gauge', 'Routes in the table', now.routes)
    one('batchway_proxy_websockets', 'gauge', 'WebSockets that are open', now.webSockets)
    byLabel('batchway_proxy_refusals_total', 'refusal', 'Requests that the proxy answered itself', this.#refusals)
    byLabel(
      'batchway_proxy_route_requests_total',
      'route',
      'Requests by route; those without a line of their own together as ""',
      [
        ...[...this.tallies.entries()].map(([path, { requests }]) => [path, requests] as const),
        ['', this.tallies.rest.requests],
      ],
    )
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    one('process_cpu_seconds_total', 'counter', 'CPU time of this process', (user + system) / 1e6)
    one(
      'process_start_time_seconds',
      'gauge',
      'When this process started',
      Math.round(Date.now() / 1_000 - process.uptime()),
    )
    one('process_resident_memory_bytes', 'gauge', 'Memory of this process', rss)
    const descriptors = openDescriptors()
    if (descriptors !== null) one('process_open_fds', 'gauge', 'Open file descriptors', descriptors)
    one('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use', heapUsed)
    one('nodejs_heap_size_total_bytes', 'gauge', 'Heap', heapTotal)
    family('nodejs_version_info', 'gauge', 'Version of Node', [`nodejs_version_info{version="${process.version}"} 1`])
    return out.join('\n')
  }
}

const add = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Paths of routes hold what people chose as names. */
const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`))

function openDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

/** The listener for whoever collects the figures: `/metrics`, `/health` and `/ready`, and nothing else. */
export const metricsPage =
  (render: () => string, condition: () => Condition) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const isAsked = request.url === '/metrics' || request.url?.startsWith('/metrics?') === true
    const health = healthAnswer(request.url, condition)
    const body = isAsked ? render() : health === null ? 'Not Found' : JSON.stringify(health.body)
    const type = isAsked ? 'text/plain; version=0.0.4' : health === null ? 'text/plain' : 'application/json'
    response.writeHead(isAsked ? 200 : (health?.status ?? 404), {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Length': Buffer.byteLength(body),
      ...(health !== null && { 'Cache-Control': 'no-store' }),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

/** The ways by which the probe job can report over the network, and what answers in the hub's place where no hub runs. */
import { hostname } from 'node:os'
import { type Collector, openCollector, reportsOnly, serve, standIn } from './collector.ts'

export interface Ways extends AsyncDisposable {
  readonly collector: Collector
  /** Addresses to try from the job, the likeliest first. */
  readonly collectors: readonly string[]
  /** We answer at the hub's address. */
  readonly byStandIn: boolean
  /** Addresses of the hub's at which we could not answer in its place, with the code of the failure: EADDRINUSE, EADDRNOTAVAIL… */
  readonly refused: readonly RefusedAddress[]
}

export interface RefusedAddress {
  readonly address: string
  readonly code: string
}

export interface WaysOrder {
  /** The hub's API as the cluster's nodes see it. */
  readonly hubUrl: string
  /** `hub.internal`: the hub's own addresses. */
  readonly internal: readonly string[]
  readonly version: string
  /** `X-Batchway-Site` of our answers. */
  readonly site: string
  readonly isHubRunning: boolean
  /** Part of the path: only the job knows it. */
  readonly secret: string
  readonly now: () => number
}

/** Open a port of our own, and the hub's addresses where no hub runs. Close with `await using`. */
export async function openWays(order: WaysOrder): Promise<Ways> {
  await using undo = new AsyncDisposableStack()
  const { hubUrl, internal, version, site, isHubRunning, secret, now } = order
  const url = new URL(hubUrl)
  const path = `${url.pathname}/doctor/${secret}`
  const collector = openCollector(path, now)
  const hosts = internal.flatMap((address) => {
    const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? []
    return host === '' || host.startsWith('unix') ? [] : [{ host: host.replace(/^\[|\]$/g, ''), port: Number(port) }]
  })
  let stood = 0
  const refused: RefusedAddress[] = []
  for (const { host, port } of isHubRunning ? [] : hosts) {
    const listener = standIn(collector, { apiPath: url.pathname, version, site })
    const served = await serve(host, port, listener).catch((error: NodeJS.ErrnoException) => error)
    if (served instanceof Error) {
      refused.push({
        address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
        code: served.code ?? served.message,
      })
      continue
    }
    undo.use(served)
    stood += 1
  }
  // As open to the network as the hub is, and no more.
  const own = await serve(hosts[0]?.host ?? '127.0.0.1', 0, reportsOnly(collector)).catch(() => null)
  if (own !== null) undo.use(own)
  const names = [...new Set([url.hostname, hostname()])]
  const keep = undo.move()
  return {
    collector,
    collectors: [
      ...(stood > 0 ? [`${url.origin}${path}`] : []),
      ...(own === null ? [] : names.map((name) => `http://${name}:${own.port}${path}`)),
    ],
    byStandIn: stood > 0,
    refused,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  }
}

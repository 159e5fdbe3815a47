/** Listening addresses, the proxy and its routes. Pure. */
import { literal, ok, problem, skipped, type Verdict, warning } from './finding.ts'

export interface ListenerFacts {
  readonly address: string
  /** Key of the configuration that sets it. */
  readonly setBy: 'listen' | 'hub.internal'
  /** `ours`: our hub or proxy answers. `taken`: somebody else does. `silent`: nobody listens though its process runs. */
  readonly state: 'ours' | 'free' | 'taken' | 'silent' | 'unavailable'
  /** Of the failed try to listen: EACCES, EADDRNOTAVAIL… */
  readonly code: string | null
}

function judgeListener({ address, setBy, state, code }: ListenerFacts): Verdict | null {
  const part = setBy === 'listen' ? 'proxy' : 'hub'
  if (state === 'ours' || state === 'free') return null
  if (state === 'silent')
    return problem(
      `the ${part} runs, and nobody listens at ${address} (${setBy})`,
      `Restart the ${part}: the address is new.`,
    )
  if (state === 'taken')
    return problem(
      `${address} (${setBy}) is held by another program`,
      'Which one, as root:',
      literal(`ss --listening --tcp --processes 'sport = :${address.split(':').at(-1)}'`),
    )
  if (code === 'EACCES')
    return problem(
      `this account may not listen at ${address} (${setBy})`,
      address.startsWith('unix:')
        ? 'The folder of the socket must be writable for it.'
        : 'Ports below 1024 need a right. In the unit of the service:',
      ...(address.startsWith('unix:') ? [] : [literal('AmbientCapabilities=CAP_NET_BIND_SERVICE')]),
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return problem(`${address} (${setBy}) is no address of this host`, 'Its addresses:', literal('ip -brief address'))
  return problem(`nobody can listen at ${address} (${setBy}): ${code ?? 'no reason given'}`)
}

export function judgeListeners(listeners: readonly ListenerFacts[]): readonly Verdict[] {
  const wrong = listeners.flatMap((listener) => judgeListener(listener) ?? [])
  if (wrong.length > 0) return wrong
  const words = listeners.map(({ address, state }) => `${address} ${state === 'ours' ? '(ours)' : '(free)'}`)
  return [ok(words.join(', '))]
}

export interface ProxyFacts {
  /** `refused`: it answers and does not take our token. */
  readonly answer: 'ok' | 'silent' | 'refused'
  readonly control: string
  readonly tokenFile: string
  readonly isHubRunning: boolean
  readonly startsIt: boolean
}

export function judgeProxy({ answer, control, tokenFile, isHubRunning, startsIt }: ProxyFacts): Verdict {
  if (answer === 'ok') return ok(`answers at ${control} and takes the token`)
  if (answer === 'refused')
    return problem(
      `another token than that of ${tokenFile} is wanted at ${control}`,
      'The proxy reads it at its start: restart the proxy. If another proxy is meant to run there, change proxy.control.',
    )
  const words = `does not answer at ${control}`
  if (isHubRunning)
    return problem(
      `${words}, though the hub runs: nobody reaches anything`,
      startsIt ? 'The log of "batchway start" says why.' : 'Start its service:',
      ...(startsIt ? [] : [literal('systemctl start batchway-proxy')]),
    )
  return skipped(`${words}; no hub runs either`)
}

export interface RouteFacts {
  /** Paths of the proxy's table. */
  readonly routes: readonly string[]
  /** Where the route for all the rest leads, and where it must lead. */
  readonly rest: string | null
  readonly hub: string
  /** Paths of the sessions that are ready. */
  readonly ready: readonly string[]
  readonly base: string
  /** Routes begin with their host. */
  readonly hasHosts: boolean
}

export function judgeRoutes({ routes, rest, hub, ready, base, hasHosts }: RouteFacts): readonly Verdict[] {
  const pathOf = (route: string): string => (hasHosts ? route.replace(/^\/[^/]*/, '') : route)
  const ofSessions = routes.filter((route) => pathOf(route).startsWith(`${base}user/`))
  const missing = ready.filter((path) => !routes.includes(path))
  const stray = ofSessions.filter((path) => !ready.includes(path))
  const few = (paths: readonly string[]): string => paths.slice(0, 3).join(', ') + (paths.length > 3 ? '…' : '')
  const wrong = [
    ...(rest === hub
      ? []
      : [
          rest === null
            ? problem(
                'the proxy knows no way to the hub',
                'The hub tells it when it starts: start the hub, or look in its log why it did not.',
              )
            : problem(
                `the proxy sends what has no route to ${rest}, and the hub is at ${hub}`,
                'Restart the proxy with the configuration of this hub.',
              ),
        ]),
    ...(missing.length > 0
      ? [
          warning(
            `${missing.length} ready sessions have no route (${few(missing)})`,
            'A hub that runs mends this within a minute. Its log says if it cannot: "agent could not be reached".',
          ),
        ]
      : []),
    ...(stray.length > 0
      ? [
          warning(
            `${stray.length} routes lead to sessions that are not ready (${few(stray)})`,
            'A hub that runs removes them; without a hub they wait for it.',
          ),
        ]
      : []),
  ]
  return wrong.length > 0 ? wrong : [ok(`${ofSessions.length} routes for ${ready.length} ready sessions`)]
}

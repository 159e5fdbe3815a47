/** Whether the proxy lives, and whether it should be sent requests: for those who start programs anew, and for load balancers. */

/** Where the proxy is in its life, and what it has. */
export interface Condition {
  readonly life: 'starting' | 'open' | 'draining'
  readonly routes: number
  /** What has no route goes to a default target. */
  readonly hasDefault: boolean
}

export interface HealthAnswer {
  readonly status: 200 | 503
  readonly body: object
}

/** The answer to `/health` and `/ready`, which are asked without a token and tell nobody anything else. @returns null for any other address. */
export function healthAnswer(url: string | undefined, look: () => Condition): HealthAnswer | null {
  const path = url?.split('?', 1)[0]
  if (path === '/health') return { status: 200, body: { status: 'OK' } }
  if (path !== '/ready') return null
  const condition = look()
  const reason = whyNotReady(condition)
  const { routes } = condition
  return reason === null
    ? { status: 200, body: { ready: true, routes } }
    : { status: 503, body: { ready: false, routes, reason } }
}

function whyNotReady({ life, routes, hasDefault }: Condition): string | null {
  if (life === 'starting') return 'starting: not all listeners are open'
  if (life === 'draining') return 'draining: it was told to stop, and finishes what runs'
  if (routes === 0 && !hasDefault) return 'no routes: the hub has not given any'
  return null
}

/**
 * On one host name hub and applications are one origin to a browser: what it will not keep apart is kept apart here as far as headers
 * can tell. A page may hide where it came from, so this makes attacks harder and proves nothing; hosts of their own do.
 */
import { type RawHeaders, valuesOf } from './headers.ts'
import type { Route } from './route.ts'

/** The headers of a request that browsers write and pages cannot. */
interface Asked {
  readonly raw: RawHeaders
  readonly url: string
  readonly host: string
}

/**
 * Whether a service worker would come to own more than its application: the folder of its script is the widest it may have, and the
 * folder of `/user/alice` is everybody's.
 * @param route decoded path of the application's route; null for the hub, which has no service worker.
 */
export function isForeignWorker({ raw, url }: Omit<Asked, 'host'>, route: string | null): boolean {
  if (!valuesOf(raw, 'service-worker').some((value) => value.trim().toLowerCase() === 'script')) return false
  if (route === null) return true
  const pieces = (url.split('?', 1)[0] ?? '').split('/')
  return pieces.length <= (route === '/' ? 1 : route.split('/').length)
}

/**
 * Whether a page of another user's application asks for this one's: a script, a frame, an image of the same origin, with a `Referer`
 * below that user's path. Whoever follows a link comes through: opening another's application is no attack on it.
 * @param path decoded path of the application's route.
 * @param route it says whose the application is; without that nothing is known about neighbours.
 */
export function isFromNeighbour({ raw, host }: Omit<Asked, 'url'>, path: string, route: Route): boolean {
  if (first(raw, 'sec-fetch-site') !== 'same-origin') return false
  const isVisit = first(raw, 'sec-fetch-mode') === 'navigate' && first(raw, 'sec-fetch-dest') === 'document'
  if (isVisit) return false
  const referrer = URL.parse(first(raw, 'referer') ?? '')
  if (referrer === null || referrer.host.toLowerCase() !== host.toLowerCase().replace(/:(80|443)$/, '')) return false
  const own = path.split('/')
  const at = own.length - (typeof route.server_name === 'string' && route.server_name !== '' ? 2 : 1)
  if (at < 1 || own[at] !== route.user) return false
  const from = referrer.pathname.split('/').map(decode)
  return own.slice(0, at).every((segment, i) => from[i] === segment) && from.length > at && from[at] !== own[at]
}

const first = (raw: RawHeaders, name: string): string | undefined => valuesOf(raw, name)[0]

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

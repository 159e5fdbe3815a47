/** The gate's pure decisions about one request. */
import type { IncomingHttpHeaders } from 'node:http'

/** Would a redirect to the sign-in make sense? Only for a page that a browser navigates to; programs get a 403 they can read. */
export function isNavigation(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return (headers.accept ?? '').includes('text/html') && headers['x-requested-with'] === undefined
}

/**
 * Is the request made by a foreign page in the visitor's name? The gate adds the application's token, which switches the
 * application's own cross-site checks off, so these checks stand in for them. Sibling hosts count as foreign: they may be
 * other users' applications. On a shared host name (no host per user) another user's page counts as same-origin; the referrer
 * check there is best effort, since a page can choose its referrer within its origin.
 */
export function isForged(method: string, headers: IncomingHttpHeaders, prefix: string, isUpgrade: boolean): boolean {
  const isRead = (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') && !isUpgrade
  const site = headers['sec-fetch-site']
  if (site === 'cross-site' || site === 'same-site') return !isNavigation(method, headers) || isUpgrade
  if (isRead) return false
  const { origin } = headers
  if (origin !== undefined && URL.parse(origin)?.host !== visitedHost(headers)) return true
  if (isUpgrade && origin === undefined && headers['sec-fetch-mode'] !== undefined) return true
  const referrer = URL.parse(headers.referer ?? '')
  return referrer !== null && !(referrer.host === visitedHost(headers) && isBelow(referrer.pathname, prefix))
}

/** The host the browser asked for; the proxy, whom the session's key proves, forwards it. */
const visitedHost = (headers: IncomingHttpHeaders): string => {
  const forwarded = headers['x-forwarded-host']
  const host = (typeof forwarded === 'string' ? forwarded.split(',')[0]?.trim() : undefined) ?? headers.host ?? ''
  return host.toLowerCase().replace(/:(80|443)$/, '')
}

export const isBelow = (path: string, prefix: string): boolean =>
  path === prefix.replace(/\/$/, '') || path.startsWith(prefix.replace(/\/*$/, '/'))

/** Where to go after the sign-in: the path asked for, if it is below the prefix and nothing but a path; else the prefix. */
export function nextPath(url: string, prefix: string): string {
  const parsed = URL.parse(url, 'http://gate.invalid')
  if (parsed?.host !== 'gate.invalid' || /[\\\x00-\x20\x7f]/.test(url)) return prefix
  // Two slashes, which a path may come to by its dots, would begin the name of a host.
  if (!isBelow(parsed.pathname, prefix) || parsed.pathname.startsWith('//')) return prefix
  return parsed.pathname + parsed.search
}

/** Does a visitor's scope list hold one of the wanted scopes, literally or by a wider one? */
export function holdsScope(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.some((scope) => {
    const [base = '', filter] = scope.split('!')
    const owner = filter?.startsWith('server=') ? filter.slice('server='.length).split('/')[0] : undefined
    return (
      held.includes(scope) || held.includes(base) || (owner !== undefined && held.includes(`${base}!user=${owner}`))
    )
  })
}

export function parseCookies(header: string | undefined): Map<string, string> {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split(/=(.*)/s))
  return new Map(pairs.flatMap(([name, value]) => (name && value !== undefined ? [[name, value] as const] : [])))
}

const hopByHop = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)

/** Raw header pairs without hop-by-hop headers, those `connection` names, and the given ones. */
export function passableHeaders(raw: readonly string[], dropped: ReadonlySet<string> = new Set()): [string, string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] ?? '', raw[index + 1] ?? ''])
  const named = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) =>
        value
          .toLowerCase()
          .split(',')
          .map((part) => part.trim()),
      ),
  )
  return pairs.filter(([name]) => {
    const lower = name.toLowerCase()
    return !hopByHop.has(lower) && !named.has(lower) && !dropped.has(lower)
  })
}

/** A visitor's headers as the application gets them: the gate's cookies and any credentials gone, the application's token added. */
export function applicationHeaders(
  raw: readonly string[],
  ownCookies: (name: string) => boolean,
  appToken: string,
): [string, string][] {
  const passed = passableHeaders(raw, new Set(['authorization', 'expect'])).flatMap(
    ([name, value]): [string, string][] => {
      if (name.toLowerCase() !== 'cookie') return [[name, value]]
      const kept = value.split(';').filter((pair) => !ownCookies(pair.split('=')[0]?.trim() ?? ''))
      return kept.length > 0 ? [[name, kept.join(';').trim()]] : []
    },
  )
  return [...passed, ['Authorization', `token ${appToken}`]]
}

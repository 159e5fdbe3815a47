import type { ApplicationPlaces } from './application-hosts.ts'

/** The hub's cookies: names and paths as JupyterHub's clients expect them (single-user servers read the session id). */
export const cookieNames = {
  hubLogin: 'jupyterhub-hub-login',
  sessionId: 'jupyterhub-session-id',
  xsrf: '_xsrf',
} as const

export interface CookieSettings {
  /** The gateway's path with both slashes. */
  readonly base: string
  /** Public address that people type; `https` makes every cookie `Secure`. */
  readonly publicUrl: string
  readonly places?: Pick<ApplicationPlaces, 'isHostBound'>
}

const hostPrefix = '__Host-'

/**
 * The cookies that the hub itself may have set, under their plain names. Where they are bound to the host, others were set by somebody
 * else: applications on hosts beside the hub's can toss cookies for the whole domain, but none with this prefix.
 */
export function hubCookies(
  settings: Pick<CookieSettings, 'places'>,
  header: string | null | undefined,
): ReadonlyMap<string, readonly string[]> {
  const all = parseCookies(header)
  if (!settings.places?.isHostBound) return all
  const own = [...all].filter(([name]) => name.startsWith(hostPrefix))
  return new Map(own.map(([name, values]) => [name.slice(hostPrefix.length), values]))
}

/** The name under which browsers keep a cookie of the hub. */
export const hubCookieName = ({ places }: Pick<CookieSettings, 'places'>, name: string): string =>
  places?.isHostBound ? hostPrefix + name : name

/**
 * Read a Cookie header. A name that comes several times keeps all its values in order: a neighbour on the same origin can
 * toss a second cookie of the same name with another path, so whoever checks one must look at each.
 */
export function parseCookies(header: string | null | undefined): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at < 1) continue
    const name = part.slice(0, at).trim()
    const value = part
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
    const seen = found.get(name)
    if (seen) seen.push(value)
    else found.set(name, [value])
  }
  return found
}

export interface CookieParts {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  /** Seconds; 0 clears; left out = until the browser closes. */
  readonly maxAge?: number
}

/**
 * Write a Set-Cookie value. `SameSite=Lax` always: no state changes on a top-level GET, so nothing needs less.
 * @throws {TypeError} for characters that RFC 6265 section 4.1.1 does not allow.
 */
export function serializeCookie(cookie: CookieParts): string {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(cookie.name)) throw new TypeError('a cookie name holds a character it may not')
  if (!/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(cookie.value))
    throw new TypeError('a cookie value holds a character it may not')
  if (!/^\/[\x20-\x3a\x3c-\x7e]*$/.test(cookie.path)) throw new TypeError('a cookie path holds a character it may not')
  const parts = [`${cookie.name}=${cookie.value}`, `Path=${cookie.path}`]
  if (cookie.maxAge !== undefined) parts.push(`Max-Age=${Math.trunc(cookie.maxAge)}`)
  if (cookie.maxAge === 0) parts.push('Expires=Thu, 01 Jan 1970 00:00:00 GMT')
  if (cookie.httpOnly) parts.push('HttpOnly')
  if (cookie.secure) parts.push('Secure')
  return [...parts, 'SameSite=Lax'].join('; ')
}

/** A cookie of the hub: bound to its host where that is possible, else below the path that is the narrowest. */
export const serializeHubCookie = (settings: CookieSettings, cookie: Omit<CookieParts, 'secure'>): string =>
  serializeCookie({
    ...cookie,
    name: hubCookieName(settings, cookie.name),
    path: settings.places?.isHostBound ? '/' : cookie.path,
    secure: isSecure(settings),
  })

/** Whether a browser sends the hub's own cookies along to this path. Where it does not, their absence says nothing about the visitor. */
export const bringsHubCookies = ({ base, places }: Pick<CookieSettings, 'base' | 'places'>, path: string): boolean =>
  places?.isHostBound === true || path.startsWith(`${base}hub/`)

const isSecure = (settings: CookieSettings): boolean => settings.publicUrl.toLowerCase().startsWith('https:')

/** The secret of a signed-in browser; seen by the hub alone. */
export const hubLoginCookie = (settings: CookieSettings, secret: string, maxAge: number): string =>
  serializeHubCookie(settings, {
    name: cookieNames.hubLogin,
    value: secret,
    path: `${settings.base}hub/`,
    httpOnly: true,
    maxAge,
  })

/** The id of the sign-in, no secret: single-user servers key their cache of visitors with it, hence the wide path. */
export const sessionIdCookie = (settings: CookieSettings, signInId: string, maxAge: number): string =>
  serializeHubCookie(settings, {
    name: cookieNames.sessionId,
    value: signInId,
    path: settings.base,
    httpOnly: true,
    maxAge,
  })

/** Readable by our own scripts. Its path must not be `/`: single-user servers have an `_xsrf` of their own. */
export const xsrfCookie = (settings: CookieSettings, token: string, maxAge: number): string =>
  serializeHubCookie(settings, {
    name: cookieNames.xsrf,
    value: token,
    path: `${settings.base}hub/`,
    httpOnly: false,
    maxAge,
  })

/** What signing out sends: every cookie of the hub, and the one older hubs set for services. */
export function clearCookies(settings: CookieSettings): readonly string[] {
  const cleared = [
    { name: cookieNames.hubLogin, path: `${settings.base}hub/`, httpOnly: true },
    { name: cookieNames.sessionId, path: settings.base, httpOnly: true },
    { name: cookieNames.xsrf, path: `${settings.base}hub/`, httpOnly: false },
    { name: 'jupyterhub-services', path: `${settings.base}services`, httpOnly: true },
  ]
  return cleared.map((cookie) => serializeHubCookie(settings, { ...cookie, value: '', maxAge: 0 }))
}

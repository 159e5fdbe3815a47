/**
 * Where applications live: below paths of the hub's own host, which makes all of them and the hub one origin to a browser, or on hosts of
 * their own. Pure; the one place that knows both.
 */
import { createHash } from 'node:crypto'
import { serverPath } from './http.ts'

export interface ApplicationPlaces {
  /** What stands behind the label of each application's host; null: they live on the hub's host. */
  readonly domain: string | null
  /** Each server has a host, not only each user. */
  readonly perServer: boolean
  /** Where a server lives as JupyterHub's models tell it: a path on the hub's host, or a whole address. Ends in `/`. */
  url(userName: string, serverName: string): string
  /** The whole address, in any case. */
  fullUrl(userName: string, serverName: string): string
  /** Origin of a server's own host, empty on the hub's host: what stands before its path. */
  originOf(userName: string, serverName: string): string
  /** The proxy's name of a server's route: decoded, no trailing slash; with hosts the host is its first segment. */
  routePath(userName: string, serverName: string): string
  /** The proxy's name of the hub's route. */
  readonly hubRoute: string
  /** What redirects after forms of the hub's pages may lead to beside the hub, as sources of a content security policy. */
  readonly formTargets: readonly string[]
  /** Every cookie of the hub is bound to its host by its name (`__Host-`): browsers take it from nobody else. */
  readonly isHostBound: boolean
}

/** Text of the configuration, e.g. `{user}.jupyter.example.edu`. */
const pattern = /^\{user\}(--\{server\})?\.([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)$/

/** @returns null for what is no pattern of hosts. */
export function parseApplicationHosts(text: string): { readonly perServer: boolean; readonly domain: string } | null {
  const [, server, domain] = pattern.exec(text) ?? []
  // Room for a label of 63 and its dot (RFC 1035 2.3.4); a last label of digits is an address to browsers.
  if (domain === undefined || domain.length > 189 || /(^|\.)\d+$/.test(domain)) return null
  return { perServer: server !== undefined, domain }
}

export function applicationPlaces(config: {
  readonly url: string
  readonly applicationHosts?: string | undefined
}): ApplicationPlaces {
  const { origin, protocol, hostname, port, pathname } = new URL(config.url)
  const base = pathname.endsWith('/') ? pathname : `${pathname}/`
  const path = (userName: string, serverName: string) => serverPath(base, userName, serverName)
  const routeOf = (userName: string, serverName: string) =>
    `${base}user/${userName}${serverName === '' ? '' : `/${serverName}`}`
  const hosts = config.applicationHosts === undefined ? null : parseApplicationHosts(config.applicationHosts)
  if (hosts === null)
    return {
      domain: null,
      perServer: false,
      url: path,
      fullUrl: (userName, serverName) => origin + path(userName, serverName),
      originOf: () => '',
      routePath: routeOf,
      hubRoute: '/',
      formTargets: [],
      isHostBound: false,
    }

  const { domain, perServer } = hosts
  const tail = port === '' ? '' : `:${port}`
  const hostOf = (userName: string, serverName: string): string => {
    const host = `${hostLabel(userName, perServer ? serverName : '')}.${domain}`
    // The hub's own name belongs to nobody else, whatever they are called.
    return host === hostname ? `${hashedLabel(userName, perServer ? serverName : '')}.${domain}` : host
  }
  const originOf = (userName: string, serverName: string) => `${protocol}//${hostOf(userName, serverName)}${tail}`
  const url = (userName: string, serverName: string) => originOf(userName, serverName) + path(userName, serverName)
  return {
    domain,
    perServer,
    url,
    fullUrl: url,
    originOf,
    routePath: (userName, serverName) => `/${hostOf(userName, serverName)}${routeOf(userName, serverName)}`,
    hubRoute: `/${hostname}`,
    formTargets: [`${protocol}//*.${domain}${tail}`],
    // The prefix asks for https and for the whole host (RFC 6265bis 4.1.3.2), which below a path is not ours alone.
    isHostBound: protocol === 'https:' && base === '/',
  }
}

/**
 * One label of DNS for a server: no two servers have the same. Lower-case letters and digits stand for themselves, every other byte is
 * `-` and two hexadecimal digits, and `--` stands between user and server, which escapes never make. What would be too long, or would not
 * begin as a label must, is a digest, marked by `-z`, which no escape makes either.
 */
export function hostLabel(userName: string, serverName: string): string {
  const label = serverName === '' ? escapeLabel(userName) : `${escapeLabel(userName)}--${escapeLabel(serverName)}`
  // Browsers decode what begins with `xn--`; DNS keeps all labels with hyphens at that place for such purposes (RFC 5891 4.2.3.1).
  const isPlain = label.length <= 63 && /^[a-z0-9]/.test(label) && label.slice(2, 4) !== '--'
  return isPlain ? label : hashedLabel(userName, serverName)
}

const hashedLabel = (userName: string, serverName: string): string =>
  `user-z${createHash('sha256')
    .update(JSON.stringify([userName, serverName]))
    .digest('hex')
    .slice(0, 40)}`

const escapeLabel = (name: string): string =>
  [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[a-z0-9]/.test(char) ? char : `-${byte.toString(16).padStart(2, '0')}`
    })
    .join('')

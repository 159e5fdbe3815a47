/** Headers and addresses that every room speaking HTTP needs. Pure. */

export interface HubAddress {
  /** The gateway's path with both slashes: `/` or `/jupyter/`. */
  readonly base: string
  /** Public address that people type, e.g. `https://hpc.example.edu/jupyter/`. */
  readonly publicUrl: string
}

export interface HubVersions {
  /** Level of JupyterHub's API that is spoken; PEP 440, since single-user servers parse it and die otherwise: `5.4.5`. */
  readonly jupyterhub: string
  readonly batchway: string
}

/** `https://hpc.example.edu` of `https://hpc.example.edu/jupyter/`. */
export const originOf = (publicUrl: string): string => new URL(publicUrl).origin

/** A user or server name as a path segment; the same characters stay plain as in JupyterHub, since clients compare texts. */
export const escapeName = (name: string): string =>
  encodeURIComponent(name)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%40', '@')

/**
 * Whether a named server may be called so: the name becomes a path segment and part of an OAuth client's id. The default server
 * has the empty name.
 */
export const isServerName = (name: string): boolean => /^[a-z0-9][a-z0-9._-]{0,31}$/i.test(name)

/** Where a server lives: `/jupyter/user/alice/` or `/jupyter/user/alice/lab/`. */
export const serverPath = (base: string, userName: string, serverName: string): string =>
  `${base}user/${escapeName(userName)}/${serverName === '' ? '' : `${escapeName(serverName)}/`}`

/** Below the API: `/users/alice/server` or `/users/alice/servers/lab`. */
export const serverApiPath = (userName: string, serverName: string): string =>
  `/users/${escapeName(userName)}/${serverName === '' ? 'server' : `servers/${escapeName(serverName)}`}`

const common = (versions: HubVersions) => ({
  'X-JupyterHub-Version': versions.jupyterhub,
  'X-Batchway-Version': versions.batchway,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
})

const reportTo = (base: string): string => `report-uri ${base}hub/security/csp-report`

/** On every answer of the API, errors included. */
export const apiHeaders = (base: string, versions: HubVersions): Readonly<Record<string, string>> => ({
  ...common(versions),
  'Content-Security-Policy': `frame-ancestors 'none'; ${reportTo(base)}; default-src 'none'`,
  'Access-Control-Allow-Headers': 'accept, content-type, authorization',
})

/**
 * On every page: scripts and styles are files of ours, nothing is evaluated, nobody frames us.
 * @param formTargets where a form's answer may lead beside ourselves: browsers hold every redirect after a form against this.
 */
export const pageHeaders = (
  base: string,
  versions: HubVersions,
  formTargets: readonly string[] = [],
): Readonly<Record<string, string>> => ({
  ...common(versions),
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    ["form-action 'self'", ...formTargets].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    reportTo(base),
  ].join('; '),
})

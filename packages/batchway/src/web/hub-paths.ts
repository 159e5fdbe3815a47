import type { ApplicationPlaces } from '../core/application-hosts.ts'
import { escapeName, serverPath } from '../core/http.ts'

/** Every address the pages make, from the one base path. Names are encoded here and nowhere else. */
export interface HubPaths {
  /** The gateway's path with both slashes. */
  readonly base: string
  readonly hub: string
  readonly home: string
  readonly login: string
  readonly logout: string
  readonly history: string
  /** What is announced to the visitor. */
  readonly announcements: string
  readonly preferences: string
  readonly tokens: string
  /** The API's reference, for everybody. */
  readonly apiDocs: string
  /** JupyterHub's address for it. */
  readonly acceptShare: string
  /** For administrators, with what lies below it. */
  readonly admin: string
  readonly auditLog: string
  readonly who: string
  readonly report: string
  readonly link: string
  readonly events: string
  /** Where JupyterHub's sites have told their provider to send browsers back to. */
  readonly oauthCallback: string
  loginStart(login: string): string
  loginCallback(login: string): string
  /** Where a provider tells that somebody has signed out there. */
  loginBackchannel(login: string): string
  /** One person, as administrators see them. */
  adminUser(userName: string): string
  revokeToken(id: number): string
  /** The page of one of the visitor's own servers. */
  namedServer(serverName: string): string
  session(id: string): string
  /** Address of a server's application, ending in `/`: with its host where it has one of its own. */
  server(userName: string, serverName: string): string
  /** The path alone: what `next` takes. */
  serverPath(userName: string, serverName: string): string
  spawn(userName: string, serverName: string): string
  pending(userName: string, serverName: string): string
  static(name: string, hash: string): string
  loginWithNext(next: string): string
}

const part = encodeURIComponent
const server = (userName: string, serverName: string) =>
  escapeName(userName) + (serverName === '' ? '' : `/${escapeName(serverName)}`)

/**
 * @param base with both slashes: `/` or `/jupyter/`.
 * @param places needed by who links to applications.
 * @throws {RangeError} for another base.
 */
export function hubPaths(base: string, places?: Pick<ApplicationPlaces, 'url'>): HubPaths {
  if (!/^\/(?:[^/]+\/)*$/.test(base)) throw new RangeError(`not a base path: ${JSON.stringify(base)}`)
  const hub = `${base}hub/`
  return {
    base,
    hub,
    home: `${hub}home`,
    login: `${hub}login`,
    logout: `${hub}logout`,
    history: `${hub}history`,
    announcements: `${hub}announcements`,
    preferences: `${hub}preferences`,
    // JupyterHub's address for it.
    tokens: `${hub}token`,
    apiDocs: `${hub}docs/api`,
    acceptShare: `${hub}accept-share`,
    admin: `${hub}admin`,
    auditLog: `${hub}admin/audit`,
    who: `${hub}admin/sign-in`,
    report: `${hub}admin/report`,
    link: `${hub}login/link`,
    events: `${hub}api/sessions/events`,
    oauthCallback: `${hub}oauth_callback`,
    loginStart: (login) => `${hub}login/${part(login)}/start`,
    loginCallback: (login) => `${hub}login/${part(login)}/callback`,
    loginBackchannel: (login) => `${hub}login/${part(login)}/backchannel`,
    adminUser: (userName) => `${hub}admin/users/${escapeName(userName)}`,
    revokeToken: (id) => `${hub}token/${id}/revoke`,
    namedServer: (serverName) => `${hub}servers/${escapeName(serverName)}`,
    session: (id) => `${hub}sessions/${part(id)}`,
    server: places?.url ?? ((userName, serverName) => serverPath(base, userName, serverName)),
    serverPath: (userName, serverName) => serverPath(base, userName, serverName),
    spawn: (userName, serverName) => `${hub}spawn/${server(userName, serverName)}`,
    pending: (userName, serverName) => `${hub}spawn-pending/${server(userName, serverName)}`,
    static: (name, hash) => `${hub}static/${name}?v=${hash}`,
    loginWithNext: (next) => `${hub}login?next=${part(next)}`,
  }
}

/** What the agent is told to run: command, environment and visitor check of one claim. Pure. */
import type { ApplicationOrder, ClaimReply, IdleOrder, WalltimeOrder } from '@batchway/agent'
import { escapeName, serverPath } from '../core/http.ts'
import { listensOn } from '../core/listening.ts'
import type { Application, Spec } from '../profiles/spec.ts'
import type { RoomSettings } from './room.ts'
import type { Session } from './session.ts'

/**
 * The OAuth client of a server, which also names its cookie. JupyterHub joins the names by `-`, which both may hold: the server `smith` of
 * the user `alice` would then take over the client of the user `alice-smith`. No name holds a `~`, and a cookie's name may.
 */
export const clientIdOf = (userName: string, serverName: string): string =>
  `jupyterhub-user-${escapeName(userName)}${serverName === '' ? '' : `~${escapeName(serverName)}`}`

/** Either scope lets a visitor in; the first is the narrower one. */
export const accessScopesOf = (userName: string, serverName: string): readonly string[] => [
  `access:servers!server=${userName}/${serverName}`,
  `access:servers!user=${userName}`,
]

/** What stands before the hub's paths as the application's pages see them: nothing where they share its host. */
const hubOriginOf = ({ places, origin }: RoomSettings): string => (places.domain === null ? '' : origin)

/** The server has a host for itself, and https: nobody else's cookies and its own need ever meet. */
const hasOwnHost = ({ places, origin }: RoomSettings): boolean =>
  places.domain !== null && places.perServer && origin.startsWith('https:')

/** @see JupyterHub's documentation of the environment of single-user servers; the full set of 6.0 is safe for every version. */
function jupyterHubEnvironment(
  session: Session,
  settings: RoomSettings,
  hubUrl: string,
  apiToken: string,
): Record<string, string> {
  const { userName, serverName } = session
  const { places } = settings
  const hubOrigin = hubOriginOf(settings)
  const prefix = serverPath(settings.base, userName, serverName)
  const scopes = JSON.stringify(accessScopesOf(userName, serverName))
  const memoryBytes = String(session.spec.resources.memoryMiB * 1024 * 1024)
  return {
    JUPYTERHUB_API_TOKEN: apiToken,
    JPY_API_TOKEN: apiToken,
    JUPYTERHUB_CLIENT_ID: clientIdOf(userName, serverName),
    JUPYTERHUB_HOST: hubOrigin,
    JUPYTERHUB_API_URL: hubUrl,
    JUPYTERHUB_ACTIVITY_URL: `${hubUrl}/users/${escapeName(userName)}/activity`,
    JUPYTERHUB_BASE_URL: settings.base,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:{port}${prefix}`,
    JUPYTERHUB_USER: userName,
    JUPYTERHUB_SERVER_NAME: serverName,
    JUPYTERHUB_OAUTH_CALLBACK_URL: `${places.url(userName, serverName)}oauth_callback`,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: scopes,
    JUPYTERHUB_OAUTH_SCOPES: scopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '[]',
    // Such cookies are for the whole host: with one for each user, those of two servers would meet.
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: hasOwnHost(settings) ? '1' : '0',
    JUPYTERHUB_PUBLIC_URL: places.fullUrl(userName, serverName),
    JUPYTERHUB_PUBLIC_HUB_URL: `${settings.origin}${settings.base}hub/`,
    ...(session.spec.application.openPath !== '' && {
      JUPYTERHUB_DEFAULT_URL: `/${session.spec.application.openPath}`,
    }),
    MEM_LIMIT: memoryBytes,
    MEM_GUARANTEE: memoryBytes,
    CPU_LIMIT: String(session.spec.resources.cores),
    CPU_GUARANTEE: String(session.spec.resources.cores),
  }
}

export interface OrderSecrets {
  readonly apiToken: string
  readonly appToken: string
}

export function applicationOrder(
  session: Session,
  settings: RoomSettings,
  hubUrl: string,
  { apiToken, appToken }: OrderSecrets,
): ApplicationOrder {
  const { application } = session.spec
  const { userName, serverName } = session
  const prefix = serverPath(settings.base, userName, serverName)
  // `{port}` and `{socket}` are the agent's to fill in; the rest is known here.
  const fill = (text: string): string =>
    text
      .replaceAll('{prefix}', prefix)
      .replaceAll('{hub_host}', hubOriginOf(settings))
      .replaceAll('{hub_prefix}', `${settings.base}hub/`)
      .replaceAll('{app_token}', appToken)
  const environment = Object.fromEntries(
    Object.entries(application.environment).map(([name, text]) => [name, fill(text)]),
  )
  const isAware = application.access === 'hub-aware'
  return {
    access: application.access,
    ...(listensOn(application) === 'socket' && { listensOn: 'socket' as const }),
    argv: application.argv.map(fill),
    environment: {
      ...(isAware && jupyterHubEnvironment(session, settings, hubUrl, apiToken)),
      ...environment,
    },
    prefix,
    healthPath: application.healthPath,
    directory: application.directory,
    gate: isAware
      ? null
      : {
          clientId: clientIdOf(userName, serverName),
          hubPath: `${hubOriginOf(settings)}${settings.base}hub/`,
          redirectPath: `${settings.places.url(userName, serverName)}oauth_callback`,
          ...(hasOwnHost(settings) && { hostCookies: true as const }),
          accessScopes: accessScopesOf(userName, serverName),
          apiToken,
          appToken,
        },
  }
}

/** Minutes that people can still use: to finish a thought, to save, to let go. */
const warnSeconds = [900, 300, 60]
/** From the application's end to the end of the job: killing what is left, and the last report. */
const reportSeconds = 5

/**
 * The application is closed before the scheduler kills the job: its own time to end (`stop`) and the report's, but never more than a
 * quarter of the walltime. Warnings that would come before it had begun are left out.
 */
export function walltimeOrder({ resources, limits }: Pick<Spec, 'resources' | 'limits'>): WalltimeOrder {
  const leaveSeconds = Math.min(limits.stopSeconds + reportSeconds, Math.floor(resources.wallSeconds / 4))
  const mostSeconds = resources.wallSeconds - leaveSeconds
  return { leaveSeconds, warnSeconds: warnSeconds.filter((seconds) => seconds < mostSeconds) }
}

/** @returns null where nobody minds an idle session. */
export function idleOrder({ limits, application }: Pick<Spec, 'limits' | 'application'>): IdleOrder | null {
  if (!limits.idle) return null
  const { seconds, warnSeconds: warn, counts } = limits.idle
  return { seconds, warnSeconds: warn, activity: counts === 'browser' ? 'traffic' : activityOf(application) }
}

/** Sessions that were frozen by an older version name no source. */
const activityOf = ({ activity }: Application): IdleOrder['activity'] => activity ?? 'traffic'

/** What ends the session because time passes, as its agent is told with the claim. */
export function limitsOrder(spec: Spec, now: number): Pick<ClaimReply, 'now' | 'walltime' | 'idle'> {
  const idle = idleOrder(spec)
  return { now, walltime: walltimeOrder(spec), ...(idle && { idle }) }
}

/** What the agent is told to run: command, environment and visitor check of one claim. Pure. */
import type { ApplicationOrder } from '@batchway/agent'
import { escapeName, serverPath } from '../core/http.ts'
import type { RoomSettings } from './room.ts'
import type { Session } from './session.ts'

/** Path under which the proxy keeps a server's route: decoded, no trailing slash. */
export const routePathOf = (base: string, userName: string, serverName: string): string =>
  `${base}user/${userName}${serverName === '' ? '' : `/${serverName}`}`

/** JupyterHub's name of the OAuth client of a server. */
export const clientIdOf = (userName: string, serverName: string): string =>
  `jupyterhub-user-${escapeName(userName)}${serverName === '' ? '' : `-${escapeName(serverName)}`}`

/** Either scope lets a visitor in; the first is the narrower one. */
export const accessScopesOf = (userName: string, serverName: string): readonly string[] => [
  `access:servers!server=${userName}/${serverName}`,
  `access:servers!user=${userName}`,
]

/** @see JupyterHub's documentation of the environment of single-user servers; the full set of 6.0 is safe for every version. */
function jupyterHubEnvironment(
  session: Session,
  settings: RoomSettings,
  hubUrl: string,
  apiToken: string,
): Record<string, string> {
  const { userName, serverName } = session
  const prefix = serverPath(settings.base, userName, serverName)
  const scopes = JSON.stringify(accessScopesOf(userName, serverName))
  const memoryBytes = String(session.spec.resources.memoryMiB * 1024 * 1024)
  return {
    JUPYTERHUB_API_TOKEN: apiToken,
    JPY_API_TOKEN: apiToken,
    JUPYTERHUB_CLIENT_ID: clientIdOf(userName, serverName),
    JUPYTERHUB_HOST: '',
    JUPYTERHUB_API_URL: hubUrl,
    JUPYTERHUB_ACTIVITY_URL: `${hubUrl}/users/${escapeName(userName)}/activity`,
    JUPYTERHUB_BASE_URL: settings.base,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:{port}${prefix}`,
    JUPYTERHUB_USER: userName,
    JUPYTERHUB_SERVER_NAME: serverName,
    JUPYTERHUB_OAUTH_CALLBACK_URL: `${prefix}oauth_callback`,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: scopes,
    JUPYTERHUB_OAUTH_SCOPES: scopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '[]',
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
    JUPYTERHUB_PUBLIC_URL: `${settings.origin}${prefix}`,
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
  // `{port}` is the agent's to fill in; the rest is known here.
  const fill = (text: string): string =>
    text
      .replaceAll('{prefix}', prefix)
      .replaceAll('{hub_prefix}', `${settings.base}hub/`)
      .replaceAll('{app_token}', appToken)
  const environment = Object.fromEntries(
    Object.entries(application.environment).map(([name, text]) => [name, fill(text)]),
  )
  const isAware = application.access === 'hub-aware'
  return {
    access: application.access,
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
          hubPath: `${settings.base}hub/`,
          redirectPath: `${prefix}oauth_callback`,
          accessScopes: accessScopesOf(userName, serverName),
          apiToken,
          appToken,
        },
  }
}

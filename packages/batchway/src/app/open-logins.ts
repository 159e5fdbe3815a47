import type { Config } from '../core/config.ts'
import type { HeaderSignIn } from '../core/header-sign-in.ts'
import type { SiteLogin } from '../core/load-config.ts'
import type { Logger } from '../core/logger.ts'
import type { OidcConfig, PamConfig } from '../core/sign-in-config.ts'
import { defineLogin, isSiteLogin, type Login } from '../people/login.ts'
import { headerLogin } from '../people/logins/header.ts'
import { pamLogin } from '../people/logins/pam.ts'
import { askSaslauthd } from '../people/logins/saslauthd.ts'
import { devLogin } from '../web/dev-login.ts'
import { readClientKey } from './client-key.ts'
import type { NameService } from './name-service.ts'
import { readPrivateFile } from './private-secret.ts'

export interface LoginHost {
  now(): number
  readonly log: Logger
  readonly names: Pick<NameService, 'groupsOf'>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ways of the site's own. */
  readonly siteLogins: readonly SiteLogin[]
}

/**
 * The ways to sign in that the configuration names, in its order. One-time links are none of them: administrators make those.
 * No provider is asked yet: one that is down must not stop the hub.
 * @throws {Error} with words for the admin, if a secret is missing or can be read by others.
 */
export async function openLogins({ signIn }: Pick<Config, 'signIn'>, host: LoginHost): Promise<readonly Login[]> {
  const logins: Login[] = []
  for (const way of signIn) {
    if (way.type === 'dev') logins.push(devLogin)
    if (way.type === 'oidc') logins.push(await openOidc(way, host))
    if (way.type === 'pam') logins.push(openPam(way, host))
    if (way.type === 'header') logins.push(openHeader(way))
    if (way.type === 'own') logins.push(findSiteLogin(way.id, host.siteLogins))
  }
  return logins
}

/** @throws {Error} for a configuration that was not checked by `siteLoginProblems`. */
function findSiteLogin(id: string, logins: readonly SiteLogin[]): Login {
  const login = logins.find((each) => each.id === id)
  if (login !== undefined && isSiteLogin(login)) return defineLogin(login)
  throw new Error(`there is no way to sign in "${id}" among "logins" of the configuration`)
}

/** The library is fifty files, which a hub without a provider need not keep. */
async function openOidc(way: OidcConfig, { now, log, environment }: LoginHost): Promise<Login> {
  const { oidcLogin } = await import('../people/logins/oidc.ts')
  return oidcLogin(
    {
      ...way,
      clientSecret: secretOf(way, environment),
      clientKey: keyOf(way),
      verifiedEmail: way.verifiedEmail ?? way.subject === 'email',
      recheckSeconds: way.recheck ?? null,
    },
    { now, log },
  )
}

const openPam = (way: PamConfig, { log, names }: LoginHost): Login =>
  pamLogin(way, {
    ask: (question) => askSaslauthd(way.socket, question),
    groupsOf: way.groups ? names.groupsOf : null,
    log,
  })

function secretOf(way: OidcConfig, environment: LoginHost['environment']): string | null {
  if (way.clientSecretFile !== undefined) return readPrivateFile(way.clientSecretFile)
  if (way.clientSecretVariable === undefined) return null
  const secret = environment[way.clientSecretVariable]?.trim()
  if (secret) return secret
  throw new Error(
    `the client secret of the sign-in "${way.id}" is not in the environment: set ${way.clientSecretVariable}`,
  )
}

function keyOf({ clientKeyFile, clientKeyId }: OidcConfig) {
  if (clientKeyFile === undefined) return null
  return { key: readClientKey(readPrivateFile(clientKeyFile), clientKeyFile), id: clientKeyId ?? null }
}

const openHeader = ({ button, data, dataHeader, signInUrl, logoutUrl }: HeaderSignIn) =>
  headerLogin({
    button,
    data:
      data === undefined && dataHeader === undefined
        ? null
        : {
            separator: data?.separator ?? ';',
            listSeparator: data?.listSeparator ?? null,
            claims: data?.claims ?? null,
          },
    signInUrl: signInUrl ?? null,
    logoutUrl: logoutUrl ?? null,
  })

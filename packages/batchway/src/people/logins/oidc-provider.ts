/** What a provider says about itself: asked when it is first needed, again when that failed, and again now and then. */
import * as client from 'openid-client'
import type { Logger } from '../../core/logger.ts'
import { causeOf, silence } from './oidc-words.ts'

type ClientKey = Extract<Parameters<typeof client.PrivateKeyJwt>[0], { readonly algorithm: unknown }>

export interface ProviderSettings {
  /** Exactly as the provider spells it. */
  readonly issuer: string
  readonly clientId: string
  /** Null = a public client: PKCE alone guards it. */
  readonly clientSecret: string | null
  readonly clientAuthentication: 'basic' | 'post'
  /** Signs for the client instead of a secret. */
  readonly clientKey?: { readonly key: ClientKey; readonly id: string | null } | null | undefined
}

export interface ProviderRoom {
  readonly log: Logger
  /** Unix milliseconds. */
  readonly now: () => number
}

const keepMs = 3_600_000
const timeoutSeconds = 10

/** @returns the provider. @throws {BatchwayError} `sign_in_unavailable`, if it does not answer and never has. */
export function providerOf(
  settings: ProviderSettings,
  { log, now }: ProviderRoom,
): () => Promise<client.Configuration> {
  let known: { readonly at: number; readonly provider: client.Configuration } | null = null
  let asking: Promise<client.Configuration> | null = null

  async function ask(): Promise<client.Configuration> {
    try {
      const issuer = new URL(settings.issuer)
      const provider = await client.discovery(
        issuer,
        settings.clientId,
        // Ours are plain numbers and texts; tokens of a few seconds from the future are clocks that differ.
        { [client.clockTolerance]: 30 },
        authenticationOf(settings),
        {
          timeout: timeoutSeconds,
          // The token comes over TLS from the provider itself, but its signature is checked all the same.
          execute: [
            client.enableNonRepudiationChecks,
            // The configuration lets plain http through for this machine only.
            ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []),
          ],
        },
      )
      known = { at: now(), provider }
      return provider
    } catch (error) {
      log.warn({ issuer: settings.issuer, error: causeOf(error) }, 'sign-in provider does not describe itself')
      // What it said an hour ago mostly still holds; if not, the exchange says so.
      if (known !== null) return known.provider
      throw silence(error)
    } finally {
      asking = null
    }
  }

  return () => {
    if (known !== null && now() - known.at < keepMs) return Promise.resolve(known.provider)
    // Whoever comes meanwhile waits for the same answer: a provider that is down is not asked by everybody at once.
    asking ??= ask()
    return asking
  }
}

function authenticationOf({ clientSecret, clientAuthentication, clientKey }: ProviderSettings): client.ClientAuth {
  if (clientKey)
    return client.PrivateKeyJwt(clientKey.id === null ? clientKey.key : { key: clientKey.key, kid: clientKey.id })
  if (clientSecret === null) return client.None()
  return clientAuthentication === 'basic'
    ? client.ClientSecretBasic(clientSecret)
    : client.ClientSecretPost(clientSecret)
}

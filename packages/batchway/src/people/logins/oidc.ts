/**
 * Sign-in with OpenID Connect: authorization code with PKCE (RFC 7636), `state` and `nonce`, by the library `openid-client`, which
 * checks issuer, audience, times and signature of the ID token.
 */
import * as client from 'openid-client'
import { BatchwayError } from '../../core/errors.ts'
import { type Arrival, defineLogin, type Kept, type RedirectLogin } from '../login.ts'
import { nameAt, type Told, toClaims, valueAt } from './oidc-claims.ts'
import { handleOf } from './oidc-handles.ts'
import { keysAt, readLogoutToken } from './oidc-logout-token.ts'
import { type ProviderRoom, type ProviderSettings, providerOf } from './oidc-provider.ts'
import { causeOf, isEnded, refusalOf } from './oidc-words.ts'

export interface OidcSettings extends ProviderSettings {
  readonly id: string
  readonly button: string
  /** Beside `openid`. */
  readonly scopes: readonly string[]
  /** Claim with the person's name. */
  readonly subject: string
  /** Further claims: name → path. */
  readonly claims: Readonly<Record<string, string>>
  readonly verifiedEmail: boolean
  readonly userInfo: 'when-needed' | 'always' | 'never'
  readonly session: 'own' | 'provider'
  /** Null = never asked again. */
  readonly recheckSeconds: number | null
  readonly signOut: 'both' | 'here'
  readonly autoStart: boolean
  readonly callback: 'own' | 'jupyterhub'
  /** Of the request for sign-in. */
  readonly parameters: Readonly<Record<string, string>>
}

type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>

/** What is kept of a start, by the browser, and of a sign-in, by the hub: texts under short names, as JSON. */
const write = (parts: Readonly<Record<string, string>>): string => JSON.stringify(parts)
function read(text: string): Readonly<Record<string, string>> {
  const parts: unknown = JSON.parse(text)
  return Object.fromEntries(
    Object.entries(parts ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

export function oidcLogin(settings: OidcSettings, room: ProviderRoom): RedirectLogin {
  const { log, now } = room
  const provider = providerOf(settings, room)
  let keys: { readonly uri: string; readonly get: ReturnType<typeof keysAt> } | null = null

  const refuse = (words: string): BatchwayError => new BatchwayError('forbidden', words)

  /** Everything that the provider tells of the person, the ID token's word first. */
  async function toldBy(tokens: Tokens, config: client.Configuration, sub: string): Promise<Told> {
    const fromToken: Told = tokens.claims() ?? {}
    const wanted = [
      settings.subject,
      ...Object.values(settings.claims),
      ...(settings.verifiedEmail ? ['email_verified'] : []),
    ]
    const isNeeded = settings.userInfo === 'always' || wanted.some((path) => valueAt(fromToken, path) === undefined)
    const isOffered = config.serverMetadata().userinfo_endpoint !== undefined
    if (settings.userInfo === 'never' || !isNeeded || !isOffered) return fromToken
    // The library refuses an answer about another `sub`: tokens must not be mixed with somebody else's.
    return { ...(await client.fetchUserInfo(config, tokens.access_token, sub)), ...fromToken }
  }

  function endOf(tokens: Tokens): number | null {
    if (settings.session === 'own') return null
    // Keycloak and others tell when the session there is over; else the ID token's own end is what is left.
    const seconds: unknown = tokens.refresh_expires_in
    if (typeof seconds === 'number' && seconds > 0) return now() + seconds * 1_000
    const expires = tokens.claims()?.exp
    return expires === undefined ? null : expires * 1_000
  }

  function toArrival(told: Told, tokens: Tokens, before: Readonly<Record<string, string>>): Arrival {
    const subject = nameAt(told, settings.subject)
    if (subject === null) {
      log.warn({ login: settings.id, claim: settings.subject }, 'sign-in provider does not tell the name')
      throw refuse(`The provider does not tell your name. Tell who runs this gateway: the claim is missing.`)
    }
    if (settings.verifiedEmail && told.email_verified !== true && told.email_verified !== 'true')
      throw refuse('The provider has not verified your e-mail address. Verify it there, then try again.')
    const sub = typeof told.sub === 'string' ? told.sub : ''
    const session = typeof told.sid === 'string' ? told.sid : (before.session ?? '')
    const kept: Kept = {
      text: write({
        sub,
        session,
        idToken: tokens.id_token ?? before.idToken ?? '',
        // One that rotates replaces the one before.
        refreshToken: settings.recheckSeconds === null ? '' : (tokens.refresh_token ?? before.refreshToken ?? ''),
      }),
      handles: [handleOf('subject', sub), ...(session === '' ? [] : [handleOf('session', session)])],
    }
    return { subject, claims: toClaims(told, settings.claims), endsAt: endOf(tokens), kept }
  }

  async function finish(arrived: string, memory: string): Promise<Arrival> {
    const { verifier = '', nonce = '', state = '' } = read(memory)
    try {
      const config = await provider()
      const tokens = await client.authorizationCodeGrant(config, new URL(arrived), {
        pkceCodeVerifier: verifier,
        expectedNonce: nonce,
        expectedState: state,
        idTokenExpected: true,
      })
      const sub = tokens.claims()?.sub ?? ''
      return toArrival(await toldBy(tokens, config, sub), tokens, {})
    } catch (error) {
      const refusal = refusalOf(error)
      log.info({ login: settings.id, why: error === refusal ? refusal.code : causeOf(error) }, 'sign-in was refused')
      throw refusal
    }
  }

  async function ask(kept: string): Promise<Arrival | null> {
    const before = read(kept)
    if (!before.refreshToken) return null
    const config = await provider()
    let tokens: Tokens
    try {
      tokens = await client.refreshTokenGrant(config, before.refreshToken)
    } catch (error) {
      if (isEnded(error)) return null
      throw error
    }
    const sub = tokens.claims()?.sub ?? before.sub ?? ''
    if (sub !== before.sub) return null
    return toArrival({ ...(await toldBy(tokens, config, sub)), sub }, tokens, before)
  }

  return defineLogin<RedirectLogin>({
    kind: 'redirect',
    id: settings.id,
    button: settings.button,
    callback: settings.callback,
    startsByItself: settings.autoStart,

    async start(callback, state) {
      const config = await provider()
      const verifier = client.randomPKCECodeVerifier()
      const nonce = client.randomNonce()
      const address = client.buildAuthorizationUrl(config, {
        ...settings.parameters,
        redirect_uri: callback,
        response_type: 'code',
        scope: [...new Set(['openid', ...settings.scopes])].join(' '),
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      })
      return { address: address.href, memory: write({ verifier, nonce, state }) }
    },
    finish,

    async signOutAddress(back, kept) {
      if (settings.signOut === 'here') return null
      // The sign-in here has ended already: a provider that is down must not hold that up.
      const config = await provider().catch(() => null)
      if (config === null || config.serverMetadata().end_session_endpoint === undefined) return null
      const { idToken = '' } = kept === null ? {} : read(kept)
      const hint = idToken === '' ? {} : { id_token_hint: idToken }
      return client.buildEndSessionUrl(config, { post_logout_redirect_uri: back, ...hint }).href
    },

    recheck: settings.recheckSeconds === null ? undefined : { everySeconds: settings.recheckSeconds, ask },

    async signedOutThere(token) {
      const { issuer, jwks_uri: uri } = (await provider()).serverMetadata()
      if (uri === undefined) return null
      if (keys?.uri !== uri) keys = { uri, get: keysAt(uri) }
      const handle = await readLogoutToken(token, keys.get, { issuer, clientId: settings.clientId, nowMs: now() })
      return handle === null ? null : [handle]
    },
  })
}

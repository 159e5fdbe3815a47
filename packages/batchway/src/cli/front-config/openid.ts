/** mod_auth_openidc 2.4.12 or later as the sign-on of a site file: what it needs around and inside the gateway's location. */
import type { FrontFacts } from './front-facts.ts'

export interface OpenIdFacts {
  /** Null: not told yet, a place is left for it. */
  readonly issuer: string | null
  readonly clientId: string | null
  /** Claims that the second header tells by their place, as the hub will read them; null: the site fills it by itself. */
  readonly data: {
    readonly claims: readonly string[]
    readonly separator: string
    readonly listSeparator: string | null
  } | null
  /** How long the hub keeps people signed in; `idle` null: as long. Apache is given the same limits. */
  readonly lastsSeconds: number
  readonly idleSeconds: number | null
}

/** Secrets of the client: read by the front server's root process alone, included by the site file. */
export const openIdSecretFile = '/etc/apache2/batchway-openid.secret'

/** A path that the module answers by itself; it must lie where its cookie goes. */
const openIdPath = (base: string): string => `${base}openid-connect`

const placeFor = { issuer: 'https://sso.example.edu', clientId: 'batchway' } as const
/** The longest session that the module takes (s). */
const yearSeconds = 31_536_000
const variableOf = (claim: string): string => `OIDC_CLAIM_${claim}`

/** Addresses that header sign-in needs in the configuration, for signing out of both and for signing in again by a button. */
export function openIdAddresses({ fqdn, port, base }: Pick<FrontFacts, 'fqdn' | 'port' | 'base'>, issuer: string) {
  const back = new URL(`${base}hub/login?out=1`, `https://${fqdn}:${port}`).href
  return {
    logoutUrl: `${openIdPath(base)}?logout=${encodeURIComponent(back)}`,
    signInUrl: `${openIdPath(base)}?iss=${encodeURIComponent(issuer)}&target_link_uri={next}`,
  }
}

/** Lines of the virtual host, before its locations. */
export function openIdServer({ fqdn, port, base }: FrontFacts, facts: OpenIdFacts): readonly string[] {
  const { issuer, clientId, data, lastsSeconds, idleSeconds } = facts
  const { issuer: provider, clientId: client } = {
    issuer: issuer ?? placeFor.issuer,
    clientId: clientId ?? placeFor.clientId,
  }
  const redirect = new URL(openIdPath(base), `https://${fqdn}:${port}`).href
  const chunks = Array.from({ length: 10 }, (_, index) => `mod_auth_openidc_session_${index}`)
  return [
    '',
    '    # --- Single sign-on by mod_auth_openidc.',
    `    # At the provider: a confidential client, authorization code, redirect address ${redirect}`,
    `    # ${openIdSecretFile}, owner root, mode 600:   OIDCClientSecret "…"   and   OIDCCryptoPassphrase "…" (openssl rand -hex 32)`,
    `    Include ${openIdSecretFile}`,
    `    OIDCProviderMetadataURL ${provider.replace(/\/$/, '')}/.well-known/openid-configuration`,
    `    OIDCClientID ${client}`,
    `    OIDCRedirectURI ${redirect}`,
    '    OIDCScope "openid profile email"',
    '    OIDCPKCEMethod S256',
    '    # The claim that names the user: one that people cannot change themselves.',
    '    OIDCRemoteUserClaim preferred_username',
    `    OIDCClaimDelimiter "${data?.listSeparator ?? ','}"`,
    '    # Tokens and claims stay here: as headers, every application would get them.',
    '    OIDCPassClaimsAs environment',
    `    OIDCStripCookies mod_auth_openidc_session mod_auth_openidc_session_chunks ${chunks.join(' ')}`,
    `    OIDCCookiePath ${base === '/' ? '/' : base.slice(0, -1)}`,
    '    OIDCCookieSameSite On',
    '    # The hub’s own limits. Whoever has been away too long is asked again by the provider.',
    `    OIDCSessionMaxDuration ${Math.min(lastsSeconds, yearSeconds)}`,
    `    OIDCSessionInactivityTimeout ${Math.min(idleSeconds ?? lastsSeconds, lastsSeconds, yearSeconds)}`,
    '    # --- End of single sign-on.',
  ]
}

/** Who is let in. An item that held the separator would be several items, in places that stand for something else. */
export function openIdRequirements({ data }: OpenIdFacts): readonly string[] {
  if (data === null) return ['Require valid-user']
  const held = `/${data.separator.replace(/[\x20-\x7e]/, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`)}/`
  return [
    'AuthzSendForbiddenOnFailure On',
    '<RequireAll>',
    '    Require valid-user',
    ...data.claims
      .filter((claim) => claim !== '')
      .map((claim) => `    Require expr "! %{reqenv:${variableOf(claim)}} =~ ${held}"`),
    '</RequireAll>',
  ]
}

/** Value of the second header. */
export const openIdData = ({ data }: OpenIdFacts): string | null =>
  data === null
    ? null
    : data.claims.map((claim) => (claim === '' ? '' : `%{reqenv:${variableOf(claim)}}`)).join(data.separator)

/** Locations after the gateway's own. */
export const openIdLocations = (base: string): readonly string[] => [
  '',
  '    # Programs outside show a token instead of signing in. Without one, and with no session here, nobody is named: the hub answers',
  '    # 401, and ends what is left of a sign-in whose session here is over.',
  `    <Location "${base}hub/api">`,
  '        OIDCUnAuthAction pass',
  '    </Location>',
  '    # Where applications send people to be told who they are.',
  `    <Location "${base}hub/api/oauth2/authorize">`,
  '        OIDCUnAuthAction auth',
  '    </Location>',
  '    # Where people are who have signed out.',
  `    <Location "${base}hub/login">`,
  '        OIDCUnAuthAction pass',
  '    </Location>',
  '    # Style sheets of that page.',
  `    <Location "${base}hub/static">`,
  '        Require all granted',
  '    </Location>',
]

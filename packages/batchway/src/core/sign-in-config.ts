/** The part of the configuration that says by which ways people sign in. Their order is that of the page. */
import { z } from 'zod'
import { absolutePath, duration, plainText, url } from './config-values.ts'
import { HeaderSignIn } from './header-sign-in.ts'

const id = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'use a letter, then small letters, digits or "-" (at most 31 characters)')
  .refine((name) => name !== 'link', '"link" is the name of one-time links: choose another')
  .refine((name) => name !== 'header', '"header" is the name of the front server’s sign-in: choose another')

const words = plainText.refine((text) => text.trim() !== '', 'write the words of the button')

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a name of an environment variable')

/** What the protocol itself sets: a site that sets it would switch a defence off. */
const reserved =
  /^(client_id|client_secret|redirect_uri|response_type|response_mode|scope|state|nonce|code_challenge|code_challenge_method|request|request_uri)$/i

const LinkConfig = z.strictObject({
  type: z.literal('link').describe('One-time links that administrators make with "batchway link"'),
})

const DevConfig = z.strictObject({
  type: z.literal('dev').describe('Anyone under any name, without a password: for tests only'),
})

const PamConfig = z.strictObject({
  type: z.literal('pam').describe('Name and password of this machine’s accounts, checked by PAM through saslauthd'),
  id: id.default('pam').describe('Tells several entries apart; noted with each sign-in'),
  button: words.default('Sign in').describe('Words on the button'),
  service: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/i, 'write the name of a file in /etc/pam.d')
    .default('batchway')
    .describe('Name of the PAM service: the file /etc/pam.d/NAME says how a password is checked'),
  socket: absolutePath
    .max(107, 'a unix socket’s path has at most 107 characters')
    .default('/run/saslauthd/mux')
    .describe('Socket of saslauthd, which asks PAM for the hub; the hub’s account must be allowed to use it'),
  groups: z
    .boolean()
    .default(false)
    .describe('Tell the POSIX groups of the account as the claim "groups"; for hubs that know the accounts'),
})

const OidcConfig = z
  .strictObject({
    type: z.literal('oidc').describe('OpenID Connect: Keycloak, CILogon, Entra, Dex and others'),
    id: id.default('oidc').describe('Tells several providers apart; a part of the redirect address'),
    button: words.default('Sign in with your institution').describe('Words on the button'),
    issuer: url.describe('The provider’s issuer, exactly as its own description spells it; https'),
    clientId: plainText.min(1).max(255).describe('Name under which the provider knows this gateway'),
    clientSecretFile: absolutePath
      .optional()
      .describe('File with the client secret, readable by the hub’s account alone; a public client if both are absent'),
    clientSecretVariable: variable
      .optional()
      .describe('Environment variable with the client secret, instead of a file'),
    clientKeyFile: absolutePath
      .optional()
      .describe(
        'Instead of a secret: file with the private key (PEM) that the client signs with (private_key_jwt), readable by the hub’s account alone',
      ),
    clientKeyId: plainText
      .min(1)
      .max(255)
      .optional()
      .describe('Name ("kid") of that key at the provider, if it asks for one'),
    clientAuthentication: z
      .enum(['basic', 'post'])
      .default('basic')
      .describe('How the client secret is shown to the provider: "basic" (header) or "post" (form)'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, 'not a scope'))
      .default(['profile', 'email'])
      .describe('What is asked for beside "openid"; refresh tokens often need "offline_access"'),
    subject: plainText
      .min(1)
      .default('preferred_username')
      .describe('Claim that holds the name of the person: must be one that people cannot change themselves'),
    claims: z
      .record(z.string().regex(/^[\w.:/-]{1,128}$/, 'not a name of a claim'), plainText.min(1))
      .prefault({})
      .describe('Further claims: name → where the provider tells it, e.g. { groups: realm_access.roles }'),
    verifiedEmail: z
      .boolean()
      .optional()
      .describe('Refuse people whose e-mail address the provider has not verified; true if "subject" is "email"'),
    userInfo: z
      .enum(['when-needed', 'always', 'never'])
      .default('when-needed')
      .describe('Ask the userinfo endpoint too: when the ID token lacks a claim that is named here, always, or never'),
    session: z
      .enum(['own', 'provider'])
      .default('own')
      .describe('How long a sign-in lasts: as this gateway says, or at most as long as the provider’s tokens'),
    recheck: duration
      .refine((seconds) => seconds >= 10, 'write 10s or more')
      .optional()
      .describe(
        'Ask the provider so often, with the refresh token, whether the person may still come in; never if absent',
      ),
    signOut: z
      .enum(['both', 'here'])
      .default('both')
      .describe('Signing out ends the provider’s session too, where it offers that, or only the one here'),
    autoStart: z
      .boolean()
      .default(false)
      .describe('Go to the provider without asking, where this is the only way; never right after signing out'),
    callback: z
      .enum(['own', 'jupyterhub'])
      .default('own')
      .describe('Redirect address: {url}hub/login/ID/callback, or JupyterHub’s {url}hub/oauth_callback'),
    parameters: z
      .record(
        z
          .string()
          .regex(/^[\w.-]{1,64}$/, 'not a name of a parameter')
          .refine((name) => !reserved.test(name), {
            error: 'the gateway sets this one itself',
          }),
        plainText,
      )
      .prefault({})
      .describe('Further parameters of the request for sign-in, e.g. { idphint: "https://idp.example.edu/…" }'),
  })
  .refine((entry) => entry.clientSecretFile === undefined || entry.clientSecretVariable === undefined, {
    path: ['clientSecretVariable'],
    error: 'write the file or the variable, not both',
  })
  .refine(
    (entry) =>
      entry.clientKeyFile === undefined || (entry.clientSecretFile ?? entry.clientSecretVariable) === undefined,
    {
      path: ['clientKeyFile'],
      error: 'write a key or a secret, not both',
    },
  )
  .refine((entry) => entry.clientKeyId === undefined || entry.clientKeyFile !== undefined, {
    path: ['clientKeyId'],
    error: 'names the key of "clientKeyFile": write that too',
  })
  .refine((entry) => entry.recheck === undefined || entry.userInfo !== 'never', {
    path: ['userInfo'],
    error: 'must not be "never" with "recheck": a refreshed answer often has no ID token',
  })
  .refine((entry) => isSafeIssuer(entry.issuer), {
    path: ['issuer'],
    error: 'must be https and have no query: whoever listens on the way could sign in as anyone',
  })

const OwnConfig = z.strictObject({
  type: z.literal('own').describe('A way that the site wrote itself: one of "logins" in batchway.config.ts'),
  id: id.describe('The id that it gave itself with defineLogin'),
})

/** Plain http only where nobody can listen: to this machine itself. */
function isSafeIssuer(issuer: string): boolean {
  if (!URL.canParse(issuer)) return true // told already
  const { protocol, hostname, search, hash, username, password } = new URL(issuer)
  if (search + hash + username + password !== '') return false
  return protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

export const SignInConfig = z.discriminatedUnion('type', [
  LinkConfig,
  DevConfig,
  HeaderSignIn,
  PamConfig,
  OidcConfig,
  OwnConfig,
])
export type SignInConfig = z.output<typeof SignInConfig>
export type OidcConfig = z.output<typeof OidcConfig>
export type PamConfig = z.output<typeof PamConfig>

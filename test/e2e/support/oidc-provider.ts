/** A real OpenID provider (the library `oidc-provider`) on loopback: plain pages for name, refusal and signing out. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import Provider from 'oidc-provider'

export interface Person {
  readonly groups: readonly string[]
  readonly email?: string
}

export interface RealProvider extends AsyncDisposable {
  readonly issuer: string
  readonly secret: string
  /** Changes count at the next answer. */
  readonly people: Map<string, Person>
  /** Every sign-in of this person is over there, and refresh tokens are worth nothing. */
  revoke(person: string): Promise<void>
  /** Answers nothing any more, or again. */
  setDown(isDown: boolean): void
}

export interface RealProviderOptions {
  readonly port: number
  /** What it knows of its one client, `batchway`. */
  readonly client: ProviderClient
}

export interface ProviderClient {
  readonly redirects: readonly string[]
  readonly signedOut: readonly string[]
  /** Told of people who sign out. */
  readonly backchannel?: string
  /** A second client, `keyed`, which shows no secret but signs with this key. */
  readonly keyed?: { readonly key: JsonWebKey; readonly redirects: readonly string[] }
}

/**
 * A hub as client. @param hub `http://127.0.0.1:8000/`.
 * @param logins ids of the entries in its configuration that use the provider; the first is told of people who sign out.
 */
export const hubClient = (hub: string, logins: readonly [string, ...string[]]): ProviderClient => ({
  redirects: logins.map((login) => `${hub}hub/login/${login}/callback`),
  signedOut: [`${hub}hub/login?out=1`],
  backchannel: `${hub}hub/login/${logins[0]}/backchannel`,
})

const page = (body: string): string =>
  `<!doctype html><html lang="en"><title>Provider</title><body>${body}</body></html>`

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

export async function realProvider({ port, client }: RealProviderOptions): Promise<RealProvider> {
  const issuer = `http://127.0.0.1:${port}`
  const secret = 'the secret of a client in a test, long enough for it'
  const people = new Map<string, Person>()
  const grants = new Map<string, Set<string>>()
  let isDown = false

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'batchway',
        client_secret: secret,
        redirect_uris: client.redirects,
        post_logout_redirect_uris: client.signedOut,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...(client.backchannel !== undefined && {
          backchannel_logout_uri: client.backchannel,
          backchannel_logout_session_required: true,
        }),
      },
      ...(client.keyed === undefined
        ? []
        : [
            {
              client_id: 'keyed',
              token_endpoint_auth_method: 'private_key_jwt',
              jwks: { keys: [{ ...client.keyed.key, kid: 'of the test', use: 'sig' }] },
              redirect_uris: client.keyed.redirects,
              grant_types: ['authorization_code', 'refresh_token'],
              response_types: ['code'],
            },
          ]),
    ],
    cookies: { keys: ['a key for the provider’s cookies'] },
    claims: { openid: ['sub', 'sid'], profile: ['preferred_username', 'realm_access', 'groups'], email: ['email'] },
    // As most providers do: the ID token tells everything that was asked for.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: { body: string }, form: string) => {
          context.body = page(`<h1>Sign out at the provider?</h1>${form}
            <button name="logout" value="yes" form="op.logoutForm">Yes, sign me out</button>`)
        },
      },
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_: unknown, id: string) =>
      people.has(id)
        ? {
            accountId: id,
            claims: () => ({
              sub: id,
              preferred_username: id,
              email: people.get(id)?.email,
              groups: people.get(id)?.groups ?? [],
              realm_access: { roles: people.get(id)?.groups ?? [] },
            }),
          }
        : undefined,
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 3_600, Grant: 3_600, IdToken: 300, AccessToken: 300, RefreshToken: 3_600 },
    // Its own dispatcher refuses addresses such as loopback, where the hub of a test is.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
  })
  const answer = provider.callback()

  const server = createServer(async (request, response) => {
    if (isDown) return void request.socket.destroy()
    if (!request.url?.startsWith('/interaction/')) return answer(request, response)
    try {
      const details = await provider.interactionDetails(request, response)
      const { prompt, params, session } = details
      if (prompt.name === 'consent') {
        const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
        grant.addOIDCScope(params.scope)
        const grantId = await grant.save()
        grants.set(session.accountId, (grants.get(session.accountId) ?? new Set()).add(grantId))
        return await provider.interactionFinished(
          request,
          response,
          { consent: { grantId } },
          { mergeWithLastSubmission: true },
        )
      }
      if (request.method === 'POST') {
        const form = await formOf(request)
        const result =
          form.get('do') === 'cancel'
            ? { error: 'access_denied', error_description: '<script>document.title = "owned"</script>' }
            : { login: { accountId: form.get('name') ?? '' } }
        return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
      }
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(
        page(`<h1>Who are you?</h1><form method="post"><label>Name <input name="name"></label>
          <button name="do" value="sign-in">Sign in</button> <button name="do" value="cancel">Cancel</button></form>`),
      )
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    issuer,
    secret,
    people,
    async revoke(person) {
      for (const id of grants.get(person) ?? []) {
        await provider.RefreshToken.revokeByGrantId(id)
        const grant = await provider.Grant.find(id)
        await grant?.destroy()
      }
    },
    setDown: (down) => {
      isDown = down
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

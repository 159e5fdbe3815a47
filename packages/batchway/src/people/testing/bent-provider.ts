/** An OpenID provider on loopback, real keys and all, in which each answer can be bent: for what a good one never sends. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export interface Bends {
  /** Members of the provider's description that differ. */
  description?: Record<string, unknown>
  /** Claims of the ID token that differ; undefined takes one out. */
  claims?: Record<string, unknown>
  /** Signed with a key that the provider does not publish. */
  foreignKey?: boolean
  /** No signature at all. */
  unsigned?: boolean
  /** The token endpoint's whole answer. */
  token?: { readonly status: number; readonly body: string; readonly type?: string }
  /** Members of the token endpoint's answer that differ; undefined takes one out. */
  tokens?: Record<string, unknown>
  userInfo?: Record<string, unknown>
}

export interface BentProvider extends AsyncDisposable {
  readonly issuer: string
  readonly bends: Bends
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Someone has signed in there, with the request in `address`. @returns where the browser is sent back to. */
  answer(address: string): string
  /** A logout token. */
  logoutToken(claims: Record<string, unknown>, key?: 'ours' | 'foreign'): Promise<string>
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

export async function bentProvider(now: () => number = Date.now): Promise<BentProvider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const foreign = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
  const bends: Bends = {}
  const asked: string[] = []
  /** Code → the request it answers; each is good once. */
  const codes = new Map<string, URLSearchParams>()
  const refreshTokens = new Set<string>()
  let count = 0
  let issuer = ''

  const sign = (claims: JWTPayload, key: CryptoKey, typ: string) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k', typ }).sign(key)

  async function idToken(clientId: string, nonce: string | null): Promise<string> {
    const seconds = Math.floor(now() / 1_000)
    const claims: JWTPayload = {
      iss: issuer,
      aud: clientId,
      sub: 's-1',
      sid: 'there-1',
      iat: seconds,
      exp: seconds + 300,
      preferred_username: 'alice',
      realm_access: { roles: ['operator'] },
      ...(nonce === null ? {} : { nonce }),
      ...bends.claims,
    }
    if (bends.unsigned) {
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${part({ alg: 'none' })}.${part(claims)}.`
    }
    return sign(JSON.parse(JSON.stringify(claims)), bends.foreignKey ? foreign.privateKey : privateKey, 'JWT')
  }

  async function tokenAnswer(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const begun = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const hash = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isRefresh =
      form.get('grant_type') === 'refresh_token' && refreshTokens.delete(form.get('refresh_token') ?? '')
    const isCode = begun?.get('code_challenge') === hash && begun.get('redirect_uri') === form.get('redirect_uri')
    if (!isRefresh && !isCode) return json(response, 400, { error: 'invalid_grant' })
    const refresh = `refresh-${++count}`
    refreshTokens.add(refresh)
    json(response, 200, {
      access_token: `access-${count}`,
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: refresh,
      id_token: await idToken('batchway', isRefresh ? null : (begun?.get('nonce') ?? null)),
      ...bends.tokens,
    })
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer)
    asked.push(pathname)
    const form = await formOf(request)
    if (pathname === '/.well-known/openid-configuration')
      return json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/keys`,
        end_session_endpoint: `${issuer}/end`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        ...bends.description,
      })
    if (pathname === '/keys') return json(response, 200, { keys: [jwk] })
    if (pathname === '/userinfo') return json(response, 200, { sub: 's-1', ...bends.userInfo })
    if (pathname === '/token' && bends.token !== undefined) {
      const { status, body, type = 'application/json' } = bends.token
      return void response.writeHead(status, { 'content-type': type }).end(body)
    }
    if (pathname === '/token') return tokenAnswer(form, response)
    return json(response, 404, {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  issuer = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`

  return {
    issuer,
    bends,
    asked,
    answer(address) {
      const request = new URL(address).searchParams
      const code = `code-${++count}`
      codes.set(code, request)
      const back = new URL(request.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: request.get('state') ?? '' }).toString()
      return back.href
    },
    async logoutToken(claims, key = 'ours') {
      const seconds = Math.floor(now() / 1_000)
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const all = {
        iss: issuer,
        aud: 'batchway',
        iat: seconds,
        exp: seconds + 120,
        jti: `j${++count}`,
        events,
        ...claims,
      }
      return sign(JSON.parse(JSON.stringify(all)), key === 'ours' ? privateKey : foreign.privateKey, 'logout+jwt')
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The application's half of OAuth: it changes a code into a token (contract 1.4, steps 8 to 10; RFC 6749 sections 4.1.3 and 5). */
import type { Context, Hono } from 'hono'
import { BatchwayError } from '../core/errors.ts'
import { apiHeaders } from '../core/http.ts'
import { readBytes } from '../core/http-body.ts'
import { matchesHash } from '../sessions/credentials.ts'
import type { OAuthDeps } from './deps.ts'
import { type Application, findApplication } from './find-application.ts'
import { matchesChallenge } from './pkce.ts'

/** Never 403: single-user servers read it as "my own token is bad" and show an error page that helps nobody. */
type Refusal = readonly [status: 400 | 401 | 500, error: string, description: string]

const maxBodyBytes = 16 * 1024
/** Compared with when there is no such client, so that an unknown id takes as long as a wrong secret. */
const nobodysHash = '0'.repeat(64)

/** @param addressOf the client's address, as far as the listener can know it. */
export function mountToken(app: Hono, deps: OAuthDeps, addressOf: (c: Context) => string): void {
  const { people, settings } = deps
  const find = findApplication(people, deps.services)
  const path = `${settings.base}hub/api/oauth2/token`
  const headers = { ...apiHeaders(settings.base, settings.versions), Pragma: 'no-cache' }
  const refuse = ([status, error, error_description]: Refusal): Response => {
    const challenge = status === 401 ? { 'WWW-Authenticate': 'Basic realm="oauth2"' } : {}
    return Response.json({ error, error_description }, { status, headers: { ...headers, ...challenge } })
  }

  async function exchange(c: Context): Promise<Response> {
    const form = await readForm(c)
    if (form === null) return refuse([400, 'invalid_request', 'The body is not a form, or says a thing twice.'])
    const { id, secret } = clientOf(c, form)
    const client = await find(id)
    const record = (outcome: 'ok' | 'refused', detail: string, actor = 'anonymous') =>
      deps.audit({
        actor,
        action: 'oauth-token',
        object: client?.id ?? '(unknown client)',
        address: addressOf(c),
        way: 'oauth',
        outcome,
        detail,
      })
    // The client first: a stranger must not be able to burn somebody's code.
    if (!isProven(client, secret)) {
      await record('refused', 'client not known, or its secret is wrong')
      return refuse([401, 'invalid_client', 'The client is not known, or its secret is wrong.'])
    }
    if (form.get('grant_type') !== 'authorization_code')
      return refuse([400, 'unsupported_grant_type', 'Only authorization_code is offered.'])
    const text = form.get('code')
    if (!text || text.length > 512) return refuse([400, 'invalid_request', 'The code is missing.'])
    const code = await people.redeemCode(text)
    if (
      code === null ||
      code.clientId !== client.id ||
      code.redirectUri !== form.get('redirect_uri') ||
      !matchesChallenge(form.get('code_verifier') ?? undefined, code.challenge)
    ) {
      await record('refused', 'code not valid (any more)', client.id)
      return refuse([400, 'invalid_grant', 'The code was used, is too old, or was made for something else.'])
    }

    const token = deps.newToken()
    const grant = people.insertToken(token, {
      kind: 'oauth',
      userId: code.userId,
      scopes: code.scopes,
      note: `OAuth token for ${client.description}`,
      clientId: client.id,
      signInId: code.signInId,
      sessionId: null,
      expiresAt: deps.now() + settings.tokenSeconds * 1000,
    })
    if ((await unlessGone(grant)) === null) {
      await record('refused', 'the sign-in or the server has ended', client.id)
      return refuse([400, 'invalid_grant', 'The sign-in that the code was made for, or the server, has ended.'])
    }
    const user = await people.findUserById(code.userId)
    await record('ok', `for ${user?.name ?? 'a user who is gone'}`, client.id)
    const answer = {
      access_token: token,
      expires_in: settings.tokenSeconds,
      token_type: 'Bearer',
      scope: code.scopes.join(' '),
    }
    return Response.json(answer, { headers })
  }

  app.on(['GET', 'PUT', 'PATCH', 'DELETE'], path, () =>
    Response.json(
      { error: 'invalid_request', error_description: 'Codes are changed into tokens by POST.' },
      { status: 405, headers: { ...headers, Allow: 'POST' } },
    ),
  )
  app.post(path, (c) =>
    exchange(c).catch((error: unknown) => {
      deps.log.error({ err: error }, 'a code could not be changed into a token')
      return refuse([500, 'server_error', 'Internal error. Try again.'])
    }),
  )
}

/** Signing out and stopping a server end what was granted, at any moment. @returns null then. */
async function unlessGone<T>(made: Promise<T>): Promise<T | null> {
  try {
    return await made
  } catch (error) {
    if (error instanceof BatchwayError && error.code === 'gone') return null
    throw error
  }
}

async function readForm(c: Context): Promise<URLSearchParams | null> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? '')) return null
  const body = await readBytes(c.req.raw, maxBodyBytes)
  if (body === null) return null
  const form = new URLSearchParams(Buffer.from(body).toString('utf8'))
  const names = [...form.keys()]
  return new Set(names).size === names.length ? form : null
}

/**
 * RFC 6749 section 2.3.1: in the form, or by HTTP Basic. Single-user servers send `Authorization: token …` beside the form;
 * that is no client authentication and is not looked at.
 */
function clientOf(c: Context, form: URLSearchParams): { id: string; secret: string } {
  const [, basic] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(c.req.header('authorization') ?? '') ?? []
  if (basic !== undefined && !form.has('client_secret')) {
    const text = Buffer.from(basic, 'base64').toString('utf8')
    const at = text.indexOf(':')
    if (at > 0) return { id: decodeForm(text.slice(0, at)), secret: decodeForm(text.slice(at + 1)) }
  }
  return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
}

/** Basic credentials are form-encoded first. */
const decodeForm = (text: string): string => new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? ''

function isProven(client: Application | null, secret: string): client is Application {
  const matches = secret.length <= 512 && matchesHash(secret, client?.secretHash || nobodysHash)
  return client !== null && client.secretHash !== '' && matches
}

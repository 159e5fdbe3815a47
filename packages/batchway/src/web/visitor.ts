import type { MiddlewareHandler } from 'hono'
import { bringsHubCookies, cookieNames, hubCookies, xsrfCookie } from '../core/cookies.ts'
import { BatchwayError } from '../core/errors.ts'
import { readBytes } from '../core/http-body.ts'
import { checkOrigin, checkXsrf, findXsrf, issueXsrf, xsrfBinding, xsrfLifetimes } from '../core/xsrf.ts'
import type { Caller, People, User } from '../people/people.ts'
import type { Visit, WebContext, WebDependencies, WebEnv } from './web-room.ts'

type Deps = Pick<WebDependencies, 'people' | 'settings' | 'log' | 'now' | 'nonce'>

/**
 * Find out who looks, refuse requests that the person did not mean, and hand out the token for the forms.
 * Our fragments are GETs of mode `cors` and carry the token: another application on our origin must not read pages with the
 * visitor's cookie.
 * @throws {BatchwayError} `csrf`
 */
export function visitor({ people, settings, log, now, nonce }: Deps): MiddlewareHandler<WebEnv> {
  return async (c, next) => {
    const cookies = hubCookies(settings, c.req.header('cookie'))
    const caller = await callerOf(people, cookies.get(cookieNames.hubLogin) ?? [])
    const signIn = caller.kind === 'browser' ? caller.signIn : null
    const binding = xsrfBinding(signIn?.id ?? null)
    const known = findXsrf(settings.xsrfKey, binding, cookies, now())
    const xsrf = known ?? issueXsrf(settings.xsrfKey, binding, nonce(), now())
    const visit: Visit = {
      requestId: nonce().slice(0, 16),
      user: caller.kind === 'browser' ? caller.user : null,
      signIn,
      scopes: caller.kind === 'browser' ? caller.scopes : new Set(),
      xsrf,
      isFragment: c.req.header('hx-request') === 'true',
      isForeign: false,
    }
    c.set('visit', visit)
    if (known === null && isNavigation(c) && showsCookies(settings, c)) {
      const maxAge = signIn === null ? xsrfLifetimes.anonymous : xsrfLifetimes.signedIn
      c.header('Set-Cookie', xsrfCookie(settings, xsrf, maxAge), { append: true })
    }
    const wrong = checkXsrf(
      { method: c.req.method, headers: c.req.raw.headers, cookies, submitted: await submittedToken(c) },
      { key: settings.xsrfKey, binding, nowMs: now(), origins: settings.origins, kind: 'page' },
    )
    if (wrong !== null) {
      // Not even an error page for somebody else's script: each page holds a token. Only browsers write this header.
      const isForeign = c.req.header('sec-fetch-mode') !== 'navigate'
      if (isForeign) c.set('visit', { ...visit, xsrf: '', isForeign })
      // Applications' own requests to a server that is gone land below `user/`, and must learn just that.
      if (!isForeign || !c.req.path.startsWith(`${settings.base}hub/user/`)) {
        log.info({ method: c.req.method, why: wrong, request: visit.requestId }, 'refused by the form token check')
        throw new BatchwayError('csrf', 'The form is too old, or it was sent from another page. Nothing was changed.')
      }
    }
    await next()
  }
}

/** A neighbour on our origin can toss a second cookie of our name: each value is tried, the first that means someone counts. */
async function callerOf(people: Pick<People, 'callerOfCookie'>, secrets: readonly string[]): Promise<Caller> {
  for (const secret of secrets.slice(0, 4)) {
    const caller = await people.callerOfCookie(secret)
    if (caller.kind !== 'anonymous') return caller
  }
  return { kind: 'anonymous' }
}

const isNavigation = (c: WebContext) => (c.req.header('sec-fetch-mode') ?? 'navigate') === 'navigate'

/**
 * Whether the browser has sent what it holds. Where it has not, everybody looks like a stranger, and a stranger's token would take the
 * place of the one in the forms of a person's open pages. `SameSite=Lax` keeps cookies back from what other sites post.
 */
const showsCookies = (settings: Deps['settings'], c: WebContext): boolean =>
  bringsHubCookies(settings, c.req.path) &&
  (c.req.method === 'GET' || checkOrigin(c.req.raw.headers, settings.origins) === null)

async function submittedToken(c: WebContext): Promise<string | null> {
  if (c.req.method !== 'POST') return c.req.query('_xsrf') ?? null
  const token = (await formOf(c))._xsrf
  return token === undefined || token === '' ? (c.req.query('_xsrf') ?? null) : token
}

type Fields = Readonly<Record<string, string>>

const maxFormBytes = 65_536
const isForm = (type: string): boolean =>
  /^(application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|$)/i.test(type)
/** A body can be read once, and several ask for the fields. */
const forms = new WeakMap<Request, Promise<Fields>>()

/**
 * The text fields of a posted form; none of a body that is no form. Files and repeated names are no part of any form of ours: the last
 * text counts.
 * @throws {BatchwayError} `bad_request` if it is too large or cannot be read.
 */
export function formOf(c: WebContext): Promise<Fields> {
  const request = c.req.raw
  const known = forms.get(request) ?? readForm(request)
  forms.set(request, known)
  return known
}

async function readForm(request: Request): Promise<Fields> {
  const type = request.headers.get('content-type') ?? ''
  if (!isForm(type)) return {}
  const bytes = await readBytes(request, maxFormBytes)
  if (bytes === null) throw new BatchwayError('bad_request', 'The form is too large.')
  try {
    const form = await new Response(Buffer.from(bytes), { headers: { 'Content-Type': type } }).formData()
    return Object.fromEntries([...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  } catch (cause) {
    throw new BatchwayError('bad_request', 'The form cannot be read.', { cause })
  }
}

/** The signed-in user. @throws {BatchwayError} `forbidden` for a visitor nobody knows; `signedInOnly` sends those to the sign-in. */
export function userOf(c: WebContext): User {
  const { user } = c.get('visit')
  if (user === null) throw new BatchwayError('forbidden', 'Sign in first.')
  return user
}

/** Send visitors nobody knows to the sign-in, and back here afterwards (after a form: to where the form was). */
export function signedInOnly(paths: { loginWithNext(next: string): string; home: string }): MiddlewareHandler<WebEnv> {
  return async (c, next) => {
    if (c.get('visit').user !== null) return next()
    const { pathname, search } = new URL(c.req.url)
    return c.redirect(paths.loginWithNext(c.req.method === 'GET' ? pathname + search : paths.home), 303)
  }
}

/** The browser's half of OAuth: a signed-in person lets an application know who they are (contract 1.4, steps 2 to 6). */
import type { Context, Hono } from 'hono'
import { forwardedAddress } from '../core/client-address.ts'
import { cookieNames, hubCookies, type parseCookies, sessionIdCookie, xsrfCookie } from '../core/cookies.ts'
import { pageHeaders } from '../core/http.ts'
import { readBytes } from '../core/http-body.ts'
import { checkXsrf, findXsrf, issueXsrf, xsrfBinding, xsrfLifetimes } from '../core/xsrf.ts'
import type { Caller } from '../people/people.ts'
import { coversScopeText } from '../people/scopes.ts'
import {
  type AuthorizeRequest,
  checkAuthorize,
  chosenScopes,
  grantScopes,
  parseAuthorize,
  redirectWith,
} from './authorize-request.ts'
import type { OAuthDeps } from './deps.ts'
import { type Application, findApplication } from './find-application.ts'

type Browser = Extract<Caller, { kind: 'browser' }>
type Cookies = ReturnType<typeof parseCookies>

interface Visit {
  readonly caller: Browser
  readonly cookies: Cookies
  readonly asked: AuthorizeRequest
  readonly client: Application
  readonly scopes: readonly string[]
  /** What the confirmation form posted; null: it was not posted. */
  readonly form: URLSearchParams | null
}

/** Cookies of one name looked at: a neighbour can toss more. */
const maxLoginCookies = 4

export function mountAuthorize(app: Hono, deps: OAuthDeps): void {
  const { people, settings, book } = deps
  const find = findApplication(people, deps.services)
  const path = `${settings.base}hub/api/oauth2/authorize`

  /** Each check in the order in which it may say more: first to the person, then to the client, whose address is proven by then. */
  async function admit(c: Context): Promise<Visit | Response> {
    const url = new URL(c.req.url)
    const cookies = hubCookies(settings, c.req.header('cookie'))
    const caller = await signedIn(cookies)
    if (caller === null) {
      return c.redirect(`${settings.base}hub/login?next=${encodeURIComponent(url.pathname + url.search)}`, 302)
    }
    const asked = parseAuthorize(url.searchParams)
    const client = asked && (await find(asked.clientId))
    // Never redirected: the address may be anybody's. (The same text for all three: nothing to probe.)
    if (!asked || !client || client.secretHash === '' || asked.redirectUri !== client.redirectUri)
      return await failed(
        400,
        'The request does not fit',
        'The application that sent you here is not known, or it gave a wrong return address. It may have ended: open it again from your home page.',
      )
    const form = await postedForm(c)
    const submitted = form?.get(cookieNames.xsrf) ?? null
    const why = checkXsrf(
      { method: c.req.method, headers: c.req.raw.headers, cookies, submitted },
      {
        key: settings.xsrfKey,
        binding: xsrfBinding(caller.signIn.id),
        nowMs: deps.now(),
        origins: settings.origins,
        kind: 'page',
      },
    )
    if (why !== null) {
      deps.log.info({ user: caller.user.name, why }, 'refused an authorisation')
      return await failed(403, 'The form is too old or came from elsewhere', 'Go back, reload the page and try again.')
    }
    const mistake = checkAuthorize(asked)
    if (mistake !== null)
      return c.redirect(redirectWith(client.redirectUri, { error: mistake, state: asked.state }), 302)
    const groupsOf = (name: string): readonly string[] =>
      [client.owner, caller.user].find((user) => user?.name === name)?.groups ?? []
    if (!coversScopeText(caller.scopes, client.access, groupsOf)) {
      await record(c, caller, client.subject, 'refused')
      const refused = client.owner
        ? { title: 'Not your server', what: 'server', advice: 'Ask its owner, or open one of your own.' }
        : { title: 'Not open to you', what: 'service', advice: 'If you need it, ask those who run this site.' }
      const words = `You are signed in as ${caller.user.name}, who may not open this ${refused.what}.`
      return await failed(403, refused.title, words, refused.advice)
    }
    const visitor = { name: caller.user.name, scopes: caller.scopes, groupsOf }
    const scopes = grantScopes(asked.scope, client, visitor, book)
    if (scopes === null)
      return c.redirect(redirectWith(client.redirectUri, { error: 'invalid_scope', state: asked.state }), 302)
    return { caller, cookies, asked, client, scopes, form }
  }

  async function signedIn(cookies: Cookies): Promise<Browser | null> {
    for (const value of (cookies.get(cookieNames.hubLogin) ?? []).slice(0, maxLoginCookies)) {
      if (value === '' || value.length > 512) continue
      const caller = await people.callerOfCookie(value)
      if (caller.kind === 'browser') return caller
    }
    return null
  }

  const record = (c: Context, caller: Browser, object: string, outcome: 'ok' | 'refused') =>
    deps.audit({
      actor: caller.user.name,
      action: 'oauth-granted',
      object,
      address: forwardedAddress(c.req.raw.headers),
      way: caller.signIn.way,
      outcome,
    })

  async function grant(c: Context, { caller, cookies, asked, client, scopes }: Visit): Promise<Response> {
    const code = await people.createCode({
      clientId: client.id,
      userId: caller.user.id,
      redirectUri: client.redirectUri,
      scopes,
      signInId: caller.signIn.id,
      challenge: asked.challenge,
    })
    await record(c, caller, client.subject, 'ok')
    const headers = new Headers(pageHeaders(settings.base, settings.versions, settings.places.formTargets))
    headers.set('Location', redirectWith(client.redirectUri, { code, state: asked.state }))
    if (!cookies.has(cookieNames.sessionId)) {
      const seconds = Math.max(1, Math.floor((caller.signIn.expiresAt - deps.now()) / 1000))
      headers.append('Set-Cookie', sessionIdCookie(settings, caller.signIn.id, seconds))
    }
    return new Response(null, { status: 302, headers })
  }

  /** Somebody else's server learns who the visitor is: that person is asked first, or a bad server could collect visitors' tokens. */
  async function confirm(c: Context, { caller, cookies, client, scopes }: Visit): Promise<Response> {
    const binding = xsrfBinding(caller.signIn.id)
    const headers = new Headers(
      pageHeaders(settings.base, settings.versions, [...settings.places.formTargets, ...originsOf(client.redirectUri)]),
    )
    const known = findXsrf(settings.xsrfKey, binding, cookies, deps.now())
    const xsrf = known ?? issueXsrf(settings.xsrfKey, binding, deps.newToken(), deps.now())
    if (known === null) headers.append('Set-Cookie', xsrfCookie(settings, xsrf, xsrfLifetimes.signedIn))
    const url = new URL(c.req.url)
    const page = await deps.renderPage('oauth-confirm', {
      user: { name: caller.user.name, isAdmin: caller.user.isAdmin },
      client: { id: client.id, description: client.description, redirectUri: client.redirectUri },
      owner: client.owner?.name ?? null,
      name: client.name,
      scopes,
      action: url.pathname + url.search,
      xsrf,
      cancel: `${settings.base}hub/home`,
    })
    headers.set('Content-Type', 'text/html; charset=utf-8')
    return new Response(page, { headers })
  }

  async function failed(
    status: 400 | 403 | 500,
    title: string,
    message: string,
    advice = 'Open the application again from your home page.',
  ): Promise<Response> {
    const page = await deps.renderPage('error', { status, title, message, advice, requestId: deps.newRequestId() })
    const headers = {
      ...pageHeaders(settings.base, settings.versions, settings.places.formTargets),
      'Content-Type': 'text/html; charset=utf-8',
    }
    return new Response(page, { status, headers })
  }

  const guarded =
    (answer: (c: Context, visit: Visit) => Promise<Response>) =>
    async (c: Context): Promise<Response> => {
      try {
        const visit = await admit(c)
        return visit instanceof Response ? visit : await answer(c, visit)
      } catch (error) {
        deps.log.error({ err: error }, 'an authorisation failed')
        return await failed(500, 'Internal error', 'Something went wrong on our side. Try again.')
      }
    }

  /** A visitor who has allowed as much to this application, by this sign-in or another that lasts, is not asked again. */
  async function hasAllowed({ caller, client, scopes }: Visit): Promise<boolean> {
    const tokens = await people.describeTokens(caller.user)
    const live = tokens.filter(({ token }) => token.clientId === client.id)
    const allowed = new Set(live.flatMap(({ token }) => token.scopes))
    return live.length > 0 && scopes.every((scope) => allowed.has(scope))
  }

  app.get(
    path,
    guarded(async (c, visit) => {
      const isAsked = !visit.client.isTrustedBy(visit.caller.user) && !(await hasAllowed(visit))
      return isAsked ? await confirm(c, visit) : await grant(c, visit)
    }),
  )
  app.post(
    path,
    guarded((c, visit) =>
      grant(c, {
        ...visit,
        scopes: chosenScopes(visit.scopes, visit.form?.getAll('scopes') ?? [], visit.client.access),
      }),
    ),
  )
}

/** The confirmation form posts its `_xsrf` and the scopes that were shown; all else is read from the address again. */
async function postedForm(c: Context): Promise<URLSearchParams | null> {
  if (c.req.method !== 'POST') return null
  const body = await readBytes(c.req.raw, 16 * 1024)
  return body === null ? null : new URLSearchParams(Buffer.from(body).toString('utf8'))
}

/** A form's policy watches the redirects after it, too: a service may live on another host. */
const originsOf = (redirectUri: string): readonly string[] =>
  URL.canParse(redirectUri) ? [new URL(redirectUri).origin] : []

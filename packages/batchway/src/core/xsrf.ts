/**
 * The hub's guard against forged requests: JupyterHub's signed double-submit cookie, with checks of where the request comes from
 * on top. Pages and API use the same functions.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { cookieNames } from './cookies.ts'

/** Seconds. */
export const xsrfLifetimes = { signedIn: 31 * 86_400, anonymous: 3_600 } as const

/** What a token is bound to: it dies with the sign-in, and one person's token is worthless in another's browser. */
export const xsrfBinding = (signInId: string | null): string =>
  signInId === null ? 'anonymous' : `sign-in:${signInId}`

/**
 * Make a token for the cookie and the form.
 * @param key the hub's secret for this purpose.
 * @param nonce unpredictable text, letters and digits, at least 16 characters.
 */
export function issueXsrf(key: string, binding: string, nonce: string, nowMs: number): string {
  const head = `${Math.floor(nowMs / 1000).toString(36)}.${nonce}`
  return `${head}.${sign(key, binding, head)}`
}

/** Whether we made this token for this binding, and not too long ago. */
export function isXsrfValid(key: string, binding: string, token: string, nowMs: number): boolean {
  const [, head, time, mac] = /^(([0-9a-z]{1,9})\.[\w-]{16,64})\.([\w-]{43})$/.exec(token) ?? []
  if (head === undefined || time === undefined || mac === undefined) return false
  const age = nowMs / 1000 - Number.parseInt(time, 36)
  const lifetime = binding === xsrfBinding(null) ? xsrfLifetimes.anonymous : xsrfLifetimes.signedIn
  return isSame(mac, sign(key, binding, head)) && age >= -60 && age <= lifetime
}

/** The first cookie that is valid counts: one tossed in by a neighbour on the same origin cannot displace ours. */
export function findXsrf(
  key: string,
  binding: string,
  cookies: ReadonlyMap<string, readonly string[]>,
  nowMs: number,
): string | null {
  return cookies.get(cookieNames.xsrf)?.find((token) => isXsrfValid(key, binding, token, nowMs)) ?? null
}

export interface XsrfRequest {
  readonly method: string
  readonly headers: Pick<Headers, 'get'>
  readonly cookies: ReadonlyMap<string, readonly string[]>
  /** The `_xsrf` of the form body or the query, if there is one. Headers are looked up here. */
  readonly submitted: string | null
}

export interface XsrfRules {
  readonly key: string
  readonly binding: string
  readonly nowMs: number
  /** Origins under which people reach the gateway. */
  readonly origins: readonly string[]
  /** `page`: plain navigation by GET is free. `api`: a GET needs the token too, else any page of the same origin could read with the visitor's cookie. */
  readonly kind: 'page' | 'api'
}

/**
 * Decide whether a request that is authenticated by cookie (or by nothing yet: the sign-in form) was meant by the person.
 * @returns null when it was, else why not, in words for the log; people get the words of the problem `csrf`.
 */
export function checkXsrf(request: XsrfRequest, rules: XsrfRules): string | null {
  const method = request.method.toUpperCase()
  if (method === 'HEAD' || method === 'OPTIONS') return null
  const mode = request.headers.get('sec-fetch-mode')
  // `no-cors` is never free: that exemption was CVE-2026-40864.
  if (method === 'GET' && rules.kind === 'page' && (mode === null || mode === 'navigate')) return null

  const foreign = method === 'GET' ? null : checkOrigin(request.headers, rules.origins)
  if (foreign !== null) return foreign

  const given = request.headers.get('x-xsrftoken') ?? request.headers.get('x-csrftoken') ?? request.submitted
  if (!given) return 'the _xsrf field or X-XSRFToken header is missing'
  const ours = findXsrf(rules.key, rules.binding, request.cookies, rules.nowMs)
  if (ours === null) return 'no valid _xsrf cookie came with the request'
  return isSame(given, ours) ? null : 'the _xsrf field does not match the cookie'
}

/** @returns null for what one of our own pages, or the person at the address line, may have sent; else why not, in words for the log. */
export function checkOrigin(headers: Pick<Headers, 'get'>, origins: readonly string[]): string | null {
  const site = headers.get('sec-fetch-site')
  if (site !== null) {
    // The browser itself compared the origins, whatever name it reached us by. `none`: typed, bookmarked or reloaded.
    return site === 'same-origin' || site === 'none'
      ? null
      : `the request comes from another site (${site.slice(0, 20)})`
  }
  const origin = headers.get('origin')
  if (origin === null) return null
  return origins.some((own) => own.toLowerCase() === origin.toLowerCase()) ? null : 'the Origin is not ours'
}

const sign = (key: string, binding: string, head: string): string =>
  createHmac('sha256', key).update(`xsrf\n${binding}\n${head}`).digest('base64url')

/** Equal length is not secret here; the text is compared in constant time. */
export function isSame(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

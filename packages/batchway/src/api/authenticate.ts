/** The one place where the API learns who calls. */
import { type CookieSettings, cookieNames, hubCookies } from '../core/cookies.ts'
import { BatchwayError } from '../core/errors.ts'
import { checkXsrf, xsrfBinding } from '../core/xsrf.ts'
import type { Caller, People } from '../people/people.ts'

export type Authenticate = (request: Request) => Promise<Caller>

export interface CookieRules extends Pick<CookieSettings, 'places'> {
  readonly xsrfKey: string
  /** Origins under which people reach the gateway. */
  readonly origins: readonly string[]
  now(): number
}

const anonymous: Caller = { kind: 'anonymous' }

/** Nobody's token is that long; hashing a megabyte for a stranger would be a gift. */
const maxCredential = 512
/** A neighbour on the same origin can toss cookies; each one costs a look-up. */
const maxLoginCookies = 4

/** The credential of `Authorization: token T` or `Bearer T`; null without one, or for other schemes such as a front server's Basic. */
export function bearerOf(request: Request): string | null {
  const [, credential] = /^(?:token|bearer) +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
  return credential === undefined || credential.length > maxCredential ? null : credential
}

const claimsBearer = (request: Request): boolean =>
  /^(?:token|bearer)\b/i.test(request.headers.get('authorization') ?? '')

/** The internal listener: tokens, nothing else. Cookies and identity headers are not read there at all. */
export const tokenOnly =
  (people: Pick<People, 'callerOfToken'>): Authenticate =>
  async (request) => {
    const token = bearerOf(request)
    return token === null ? anonymous : await people.callerOfToken(token)
  }

/** The public listener: a token, else the sign-in cookie. Who shows a token is judged by it alone, even if it is wrong. */
export function tokenOrCookie(
  people: Pick<People, 'callerOfToken' | 'callerOfCookie'>,
  rules: CookieRules,
): Authenticate {
  const byToken = tokenOnly(people)
  return async (request) => {
    if (claimsBearer(request)) return await byToken(request)
    const cookies = hubCookies(rules, request.headers.get('cookie'))
    const caller = await callerOfCookies(people, cookies.get(cookieNames.hubLogin) ?? [])
    if (caller.kind !== 'browser') return anonymous
    if (!sendsJson(request)) return anonymous
    const why = checkXsrf(
      {
        method: request.method,
        headers: request.headers,
        cookies,
        submitted: new URL(request.url).searchParams.get(cookieNames.xsrf),
      },
      {
        key: rules.xsrfKey,
        binding: xsrfBinding(caller.signIn.id),
        nowMs: rules.now(),
        origins: rules.origins,
        kind: 'api',
      },
    )
    if (why !== null) {
      throw new BatchwayError('csrf', `Blocked: ${why}. Reload the page and try again; programs use a token instead.`)
    }
    return caller
  }
}

async function callerOfCookies(people: Pick<People, 'callerOfCookie'>, values: readonly string[]): Promise<Caller> {
  for (const value of values.slice(0, maxLoginCookies)) {
    if (value === '' || value.length > maxCredential) continue
    const caller = await people.callerOfCookie(value)
    if (caller.kind === 'browser') return caller
  }
  return anonymous
}

/** A plain form of another site can only send form types; together with the token check that is two locks on one door. */
function sendsJson(request: Request): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return true
  const type = request.headers.get('content-type')
  return type === null || /^application\/json\s*(;|$)/i.test(type)
}

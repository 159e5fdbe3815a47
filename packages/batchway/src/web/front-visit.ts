/** What a front server's sign-in means for one request. Pure: `front-gate.ts` acts on it. */
import type { HubPaths } from './hub-paths.ts'

/** What the proxy attests about the user: in headers that it takes from every client. */
export interface Attested {
  readonly user: string
  readonly data: string | null
}

/**
 * - `unseen`: nobody's cookie is looked at, so there is nothing to follow.
 * - `page`: a person goes to a page, and may be signed in on the way.
 * - `form`: a person sent a form. Without a sign-in it has no token that fits, and is refused as any stranger's.
 * - `leaving`: signing out; nobody is signed in on that way.
 * - `program`: everything else that shows a cookie: scripts of pages, event streams, WebSockets.
 */
export type VisitKind = 'unseen' | 'page' | 'form' | 'leaving' | 'program'

type Head = Pick<Headers, 'get'>

/** Percent-encoded by the proxy. @returns null if no front server named anybody. */
export function readAttested(headers: Head): Attested | null {
  const user = decode(headers.get('x-batchway-user'))
  if (headers.get('x-batchway-front') !== 'yes' || user === null || user === '') return null
  return { user, data: decode(headers.get('x-batchway-user-data')) }
}

function decode(text: string | null): string | null {
  try {
    return text === null ? null : decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Paths below the hub that look at nobody, see `small-routes.ts`. */
const open = ['static/', 'logo', 'favicon.ico', 'health', 'security/csp-report']

export function kindOfVisit(
  method: string,
  pathname: string,
  headers: Head,
  { hub, login, logout }: HubPaths,
): VisitKind {
  // The sign-in's cookie is sent below the hub alone.
  if (!pathname.startsWith(hub)) return 'unseen'
  const rest = pathname.slice(hub.length)
  if (open.some((each) => rest === each || (each.endsWith('/') && rest.startsWith(each)))) return 'unseen'
  const isApi = rest === 'api' || rest.startsWith('api/')
  // Who shows a token is judged by it alone, even if it is wrong.
  if (isApi && /^(token|bearer)\b/i.test(headers.get('authorization') ?? '')) return 'unseen'
  if (pathname === logout) return 'leaving'
  if (headers.get('upgrade') !== null || headers.get('hx-request') !== null) return 'program'
  // An application sends people to one address of the API, to be told who they are.
  if (isApi && rest !== 'api/oauth2/authorize') return 'program'
  if (!isNavigation(pathname, headers, login)) return 'program'
  return method === 'GET' ? 'page' : method === 'HEAD' ? 'program' : 'form'
}

function isNavigation(pathname: string, headers: Head, login: string): boolean {
  const mode = headers.get('sec-fetch-mode')
  if (mode === null) return pathname === login || (headers.get('accept') ?? '').includes('text/html')
  // A frame of another site has no cookies of ours, and would be signed in anew each time.
  return mode === 'navigate' && (headers.get('sec-fetch-dest') ?? 'document') === 'document'
}

/** A sign-in that a cookie of the request belongs to. */
export interface HeldSignIn {
  readonly id: string
  readonly way: string
  readonly userId: number
  readonly userName: string
}

/** What becomes of the attested identity. */
export type Standing =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'user'; readonly userId: number }

export interface Course {
  /** Sign-ins that end, before anything else. */
  readonly end: readonly HeldSignIn[]
  readonly next: 'pass' | 'begin' | 'refuse'
}

/**
 * Decide about one request. An attested user always wins: only the sign-in that was begun for this very user goes on. Without
 * one, what a front server began ends, and other ways to sign in are left alone.
 * @param way id of the front server's way to sign in.
 */
export function decideCourse(kind: VisitKind, standing: Standing, held: readonly HeldSignIn[], way: string): Course {
  if (kind === 'unseen') return { end: [], next: 'pass' }
  if (standing.kind !== 'user') {
    const end = held.filter((each) => each.way === way)
    const isAlone = end.length === held.length
    if (kind === 'program') return { end, next: isAlone && end.length > 0 ? 'refuse' : 'pass' }
    return { end, next: kind === 'page' && isAlone && standing.kind === 'refused' ? 'refuse' : 'pass' }
  }
  const fits = (each: HeldSignIn) => each.way === way && each.userId === standing.userId
  const end = held.filter((each) => !fits(each))
  if (end.length < held.length) return { end, next: 'pass' }
  if (kind === 'page') return { end, next: 'begin' }
  // A page of the one who was here before must not act for the one who is here now.
  return { end, next: kind === 'program' && end.length > 0 ? 'refuse' : 'pass' }
}

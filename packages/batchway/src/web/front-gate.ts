/** Stands before pages and API when a front server signs people in: no request is looked at under a name that it no longer vouches for. */
import { cookieNames, hubCookieName, hubCookies, hubLoginCookie, sessionIdCookie } from '../core/cookies.ts'
import { BatchwayError, toProblem } from '../core/errors.ts'
import { apiHeaders } from '../core/http.ts'
import type { Logger } from '../core/logger.ts'
import type { Admission } from '../people/admission.ts'
import type { Audit } from '../people/audit.ts'
import type { FrontLogin } from '../people/login.ts'
import type { People } from '../people/people.ts'
import {
  type Attested,
  decideCourse,
  type HeldSignIn,
  kindOfVisit,
  readAttested,
  type Standing,
  type VisitKind,
} from './front-visit.ts'
import { hubPaths } from './hub-paths.ts'
import { tryLimit } from './try-limit.ts'
import type { WebSettings } from './web-room.ts'

export interface FrontGateParts {
  readonly login: FrontLogin
  readonly people: Pick<People, 'callerOfCookie' | 'signIn' | 'signOut'>
  readonly admission: Admission
  readonly audit: Audit
  readonly settings: Pick<WebSettings, 'base' | 'publicUrl' | 'versions' | 'places'>
  readonly log: Logger
  readonly now: () => number
  readonly nonce: () => string
  readonly addressOf: (headers: Headers) => string
}

/** How often one user can be signed in without a cookie that shows it. Opening many tabs at once is fine. */
const beginnings = { tries: 60, everyMs: 1_000, addresses: 10_000 }

type Answer = (request: Request) => Response | Promise<Response>
export type FrontGate = (request: Request, answer: Answer) => Promise<Response>

/** Status and words for the sign-in page from in front of it: the proxy lets no client send this. */
export const problemHeader = 'x-batchway-problem'

/** How long an admission is believed without asking again (ms): it may cost a command of the site. */
const admissionMs = 60_000
const mostAdmissions = 5_000
/** Cookies of one name looked at: a neighbour can toss more. */
const maxLoginCookies = 4

const unauthenticated = () =>
  new BatchwayError('unauthenticated', 'You are not signed in any more. Load the page again.')

export function openFrontGate(parts: FrontGateParts): FrontGate {
  const { login, people, settings, log, now, nonce } = parts
  const paths = hubPaths(settings.base)
  const standingOf = admissions(parts)
  const limit = tryLimit(beginnings, now)

  async function heldBy(request: Request): Promise<HeldSignIn[]> {
    const secrets = hubCookies(settings, request.headers.get('cookie')).get(cookieNames.hubLogin) ?? []
    const held: HeldSignIn[] = []
    for (const secret of secrets.slice(0, maxLoginCookies)) {
      const caller = await people.callerOfCookie(secret)
      if (caller.kind === 'browser') held.push({ ...caller.signIn, userName: caller.user.name })
    }
    return held
  }

  function refuse(error: BatchwayError): Response {
    const problem = toProblem(error, nonce().slice(0, 16))
    return Response.json(problem, { status: problem.status, headers: apiHeaders(settings.base, settings.versions) })
  }

  /** The sign-in page with words, for whoever wanted to see another one. */
  function showProblem(request: Request, status: number, words: string, answer: Answer): Response | Promise<Response> {
    const { origin, pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    headers.set(problemHeader, `${status} ${encodeURIComponent(words)}`)
    const target = pathname === paths.login ? paths.login + search : paths.loginWithNext(pathname + search)
    return answer(new Request(origin + target, { headers }))
  }

  async function begin(request: Request, attested: Attested, answer: Answer): Promise<Response> {
    // A browser that keeps no cookies, or a program that goes from page to page, would fill the database.
    const wait = limit.take(encodeURIComponent(attested.user))
    if (wait > 0)
      return showProblem(
        request,
        429,
        `You were signed in very often within a minute. Allow cookies for this site, wait ${wait} s, then load the page again.`,
        answer,
      )
    // Asked anew: what is remembered may be of a user who has been removed since.
    const identity = login.identify(attested)
    const admitted = await parts.admission.admit(identity)
    if ('refused' in admitted) return showProblem(request, 403, admitted.refused, answer)
    const address = parts.addressOf(request.headers)
    const agent = (request.headers.get('user-agent') ?? '').slice(0, 256)
    const { user } = admitted
    const { signIn, secret } = await people.signIn(user, { way: login.id, endsAt: identity.endsAt, address, agent })
    await parts.audit({ actor: user.name, action: 'sign-in', object: user.name, way: login.id, address })
    const headers = new Headers(request.headers)
    headers.set('cookie', withSignIn(headers.get('cookie'), hubCookieName(settings, cookieNames.hubLogin), secret))
    const shown = await answer(new Request(request.url, { method: request.method, headers }))
    const seconds = Math.max(1, Math.floor((signIn.expiresAt - now()) / 1000))
    const response = new Response(shown.body, shown)
    response.headers.append('Set-Cookie', hubLoginCookie(settings, secret, seconds))
    response.headers.append('Set-Cookie', sessionIdCookie(settings, signIn.id, seconds))
    return response
  }

  async function follow(kind: VisitKind, request: Request, answer: Answer): Promise<Response> {
    const attested = readAttested(request.headers)
    const held = await heldBy(request)
    const standing: Standing =
      attested === null ? { kind: 'nobody' } : await standingOf(attested, parts.addressOf(request.headers))
    const { end, next } = decideCourse(kind, standing, held, login.id)
    for (const { id, way, userName } of end) {
      await people.signOut(id)
      const detail = `the front server names ${standing.kind === 'nobody' ? 'nobody' : 'another user'}`
      const address = parts.addressOf(request.headers)
      await parts.audit({ actor: userName, action: 'sign-out', object: userName, way, address, detail })
    }
    if (next === 'begin' && attested !== null) return begin(request, attested, answer)
    if (next === 'refuse')
      return kind === 'page' && standing.kind === 'refused'
        ? showProblem(request, 403, standing.words, answer)
        : refuse(unauthenticated())
    const shown = await answer(request)
    const isStranger = held.length === end.length
    // What JupyterHub answers to a program without a token; a page's script must learn that its person has gone.
    return kind === 'program' && isStranger && shown.status === 403 ? refuse(unauthenticated()) : shown
  }

  return async (request, answer) => {
    const { pathname } = new URL(request.url)
    const kind = kindOfVisit(request.method, pathname, request.headers, paths)
    if (kind === 'unseen') return answer(request)
    try {
      return await follow(kind, request, answer)
    } catch (error) {
      // Unknown is not nobody: the request is not looked at, and no sign-in ends for it.
      log.error({ err: error }, 'the front server’s user could not be followed')
      const words = 'Your sign-in cannot be checked at the moment. Try again.'
      const told = error instanceof BatchwayError ? error : new BatchwayError('internal', words, { cause: error })
      return kind === 'page' ? showProblem(request, told.status, told.message, answer) : refuse(told)
    }
  }
}

/** Whom an identity stands for, remembered for a minute. A change of what the front server says about the user asks anew. */
function admissions({
  admission,
  audit,
  login,
  now,
}: FrontGateParts): (attested: Attested, address: string) => Promise<Standing> {
  const known = new Map<string, { readonly standing: Standing; readonly at: number }>()
  return async (attested, address) => {
    const key = JSON.stringify([attested.user, attested.data])
    const before = known.get(key)
    if (before !== undefined && now() - before.at < admissionMs && now() >= before.at) return before.standing
    const admitted = await admission.admit(login.identify(attested))
    const standing: Standing =
      'refused' in admitted ? { kind: 'refused', words: admitted.refused } : { kind: 'user', userId: admitted.user.id }
    if ('refused' in admitted) {
      const detail = admitted.trail.at(-1) ?? 'not admitted'
      // The name as the front server spells it: its users are real people, who typed nothing.
      const object = attested.user
      await audit({ actor: 'anonymous', action: 'sign-in', object, way: login.id, address, outcome: 'refused', detail })
    }
    known.delete(key)
    if (known.size >= mostAdmissions) for (const oldest of known.keys()) if (known.delete(oldest)) break
    known.set(key, { standing, at: now() })
    return standing
  }
}

/** The request's cookies with this sign-in as the only one. */
function withSignIn(header: string | null, name: string, secret: string): string {
  const others = (header ?? '').split(';').filter((part) => part.trim() !== '' && !part.trim().startsWith(`${name}=`))
  return [...others.map((part) => part.trim()), `${name}=${secret}`].join('; ')
}

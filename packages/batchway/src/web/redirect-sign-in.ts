import { hubCookies } from '../core/cookies.ts'
import { BatchwayError } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import type { RedirectLogin } from '../people/login.ts'
import { completeSignIn, nextOf, recordRefusal, showSignIn, waitWords } from './sign-in.ts'
import { clearStartCookie, readStart, startCookie, startSeconds } from './start-memory.ts'
import type { TryLimit } from './try-limit.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** States that an answer has come for: the browser may still have its cookie, and a provider may be lax about codes. */
const usedAtMost = 10_000

/** Going to a provider, and coming back from it. Starting is a GET: it changes nothing here, and what it sets up is the browser's. */
export function mountRedirectSignIn(app: WebApp, room: WebRoom, limit: TryLimit): void {
  const { paths, settings, seal } = room
  const used = new Map<string, number>()
  const ways = room.logins.filter((login) => login.kind === 'redirect')
  const origin = new URL(settings.publicUrl).origin
  const callbackOf = ({ id, callback }: RedirectLogin) =>
    callback === 'jupyterhub' ? paths.oauthCallback : paths.loginCallback(id)

  /** @returns false if this state has been used already. */
  function use(state: string): boolean {
    if (used.has(state)) return false
    for (const [old, at] of used) {
      if (used.size < usedAtMost && room.now() - at < startSeconds * 1_000) break
      used.delete(old)
    }
    used.set(state, room.now())
    return true
  }

  const refuse = (c: WebContext, problem: string, next: string | null, status = 403) =>
    showSignIn(c, room, { problem, next, status })

  async function start(c: WebContext, way: RedirectLogin): Promise<Response> {
    const next = nextOf(c, room)
    if (c.get('visit').user !== null) return c.redirect(next ?? paths.home, 302)
    const path = callbackOf(way)
    const state = room.nonce() + room.nonce()
    try {
      const { address, memory } = await way.start(origin + path, state)
      const kept = { login: way.id, state, next, memory, at: room.now() }
      c.header('Set-Cookie', startCookie(settings, seal, path, kept), { append: true })
      return c.redirect(address, 302)
    } catch (error) {
      if (!(error instanceof BatchwayError)) throw error
      return refuse(c, error.message, next, error.status)
    }
  }

  async function finish(c: WebContext, way: RedirectLogin): Promise<Response> {
    const path = callbackOf(way)
    const state = c.req.query('state') ?? ''
    const cookies = hubCookies(settings, c.req.header('cookie'))
    const begun = readStart(seal.key, cookies, { login: way.id, state, nowMs: room.now() })
    if (begun === null) {
      // The back button, or a second tab that was faster.
      if (c.get('visit').user !== null) return c.redirect(paths.home, 302)
      return refuse(c, 'This browser has not started this sign-in, or more than ten minutes ago. Start again.', null)
    }
    // Whatever comes of it, it was used.
    const cleared = clearStartCookie(settings, state, path)
    const next = validateNext(begun.next, paths.base, settings.origins)
    const seconds = limit.take(room.addressOf(c.req.raw.headers))
    if (seconds > 0) {
      await recordRefusal(c, room, way.id, '', 'too many tries')
      return refuse(c, waitWords(c, seconds), next, 429)
    }
    if (!use(state)) {
      await recordRefusal(c, room, way.id, '', 'used already')
      return refuse(c, 'This sign-in was used already. Start again.', next)
    }
    let answer: Response
    try {
      const { search } = new URL(c.req.url)
      const arrival = await way.finish(origin + path + search, begun.memory)
      limit.giveBack(room.addressOf(c.req.raw.headers))
      const admitted = await room.admission.admit(arrival)
      if ('refused' in admitted) {
        await recordRefusal(c, room, way.id, arrival.subject, admitted.trail.at(-1) ?? 'not admitted')
        answer = await refuse(c, admitted.refused, next)
      } else
        answer = await completeSignIn(
          c,
          room,
          { user: admitted.user, way: way.id, endsAt: arrival.endsAt, kept: arrival.kept },
          next,
        )
    } catch (error) {
      if (!(error instanceof BatchwayError)) throw error
      await recordRefusal(c, room, way.id, '', error.message)
      answer = await refuse(c, error.message, next, error.status)
    }
    // Where Hono gathers cookies: those of an answer are replaced by them.
    if (cleared !== null) c.res.headers.append('Set-Cookie', cleared)
    return answer
  }

  for (const way of ways) {
    app.get(paths.loginStart(way.id), (c) => start(c, way))
    app.get(callbackOf(way), (c) => finish(c, way))
  }
}

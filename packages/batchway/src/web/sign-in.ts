import { clearCookies, hubLoginCookie, sessionIdCookie, xsrfCookie } from '../core/cookies.ts'
import { BatchwayError, type ProblemCode } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import { issueXsrf, xsrfBinding, xsrfLifetimes } from '../core/xsrf.ts'
import type { Kept } from '../people/login.ts'
import type { SignIn, SignInOrigin, User } from '../people/people.ts'
import { count } from './format.ts'
import { frontAddress, frontOf, leaveFront, problemOf } from './front-pages.ts'
import { readAttested } from './front-visit.ts'
import { record } from './record.ts'
import { mountRedirectSignIn } from './redirect-sign-in.ts'
import { formOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** What a form says on the page; anything else is an error of ours. */
const told: ReadonlySet<ProblemCode> = new Set(['invalid_choice', 'sign_in_unavailable'])

/** The sign-in form, one-time links, and signing out. */
export function mountSignIn(app: WebApp, room: WebRoom): void {
  const { paths } = room
  const { byAddress: limit, byName: names } = room.tries
  const addressOf = (c: WebContext) => room.addressOf(c.req.raw.headers)

  // Where there is one way only, and it leads away: no page is needed, except right after signing out.
  const [only] = room.logins.length === 1 && !room.hasLinks ? room.logins : []
  const startsByItself = only?.kind === 'redirect' && only.startsByItself === true ? only : null

  app.get(paths.login, async (c) => {
    const next = nextOf(c, room)
    const problem = problemOf(c, room)
    if (problem !== null) return showSignIn(c, room, problem)
    if (c.get('visit').user !== null) return c.redirect(next ?? paths.home, 302)
    const isOut = c.req.query('out') !== undefined
    if (startsByItself !== null && !isOut) return c.redirect(startOf(room, startsByItself.id, next), 302)
    return showSignIn(c, room, { isOut, ...(frontOf(room) !== undefined && !isOut && { status: 401 }) })
  })

  app.post(paths.login, async (c) => {
    const given = await formOf(c)
    const username = (given.username ?? '').trim()
    const forms = room.logins.filter((login) => login.kind === 'form')
    const form = forms.find(({ id }) => id === given.login) ?? forms[0]
    if (form === undefined) throw new BatchwayError('not_found', 'There is no sign-in form here.')
    const wait = limit.take(addressOf(c))
    const seconds = wait > 0 || !form.hasPassword ? wait : names.take(username, addressOf(c))
    if (seconds > 0) {
      await recordRefusal(c, room, form.id, username, 'too many tries')
      return showSignIn(c, room, { problem: waitWords(c, seconds), username, status: 429 })
    }
    try {
      const identity = await form.identify({ username, password: given.password ?? '', address: addressOf(c) })
      if (identity === null) {
        await recordRefusal(c, room, form.id, username, 'wrong name or password')
        return await showSignIn(c, room, { problem: 'The username or the password is wrong.', username, status: 403 })
      }
      // A form without a password turns nobody away: there those that succeed count too.
      if (form.hasPassword) {
        limit.giveBack(addressOf(c))
        names.succeeded(username, addressOf(c))
      }
      const answer = await room.admission.admit(identity)
      if ('refused' in answer) {
        await recordRefusal(c, room, form.id, identity.subject, answer.trail.at(-1) ?? 'not admitted')
        return await showSignIn(c, room, { problem: answer.refused, username, status: 422 })
      }
      return await completeSignIn(
        c,
        room,
        { user: answer.user, way: form.id, endsAt: identity.endsAt },
        nextOf(c, room),
      )
    } catch (error) {
      if (!(error instanceof BatchwayError) || !told.has(error.code)) throw error
      await recordRefusal(c, room, form.id, username, error.message)
      return await showSignIn(c, room, { problem: error.message, username, status: error.status })
    }
  })

  /** Only a link that does not exist costs a try, counted before it is looked up: guesses sent at once are guesses too. */
  const guarded = async (c: WebContext, open: () => Promise<Response | null>): Promise<Response> => {
    const seconds = limit.take(addressOf(c))
    const refused = (detail: string) =>
      record(c, room, { action: 'link-used', way: 'link', outcome: 'refused', detail })
    if (seconds > 0) {
      await refused('too many tries')
      return showLink(c, room, { problem: waitWords(c, seconds) })
    }
    const answer = await open()
    if (answer === null) {
      await refused('not valid, used or too old')
      return showLink(c, room, {})
    }
    limit.giveBack(addressOf(c))
    return answer
  }

  // A link preview, a virus scanner and an impatient double click all GET: only the button's POST uses the link.
  app.get(paths.link, async (c) => {
    const key = c.req.query('key') ?? ''
    return guarded(c, async () => {
      const found = room.hasLinks ? await room.people.peekLink(key) : null
      return found && showLink(c, room, { userName: found.userName, key })
    })
  })

  app.post(paths.link, async (c) => {
    const given = await formOf(c)
    return guarded(c, async () => {
      const user = room.hasLinks ? await room.people.redeemLink(given.key ?? '') : null
      if (user !== null)
        await record(c, room, { actor: user.name, action: 'link-used', object: user.name, way: 'link' })
      const next = validateNext(given.next, paths.base, room.settings.origins)
      return user && completeSignIn(c, room, { user, way: 'link', endsAt: null }, next)
    })
  })

  // By GET too: single-user servers send people here, as JupyterHub's contract says.
  const signOut = async (c: WebContext) => {
    const { signIn, user } = c.get('visit')
    const front = frontOf(room)
    const isFronts = front !== undefined && (signIn?.way === front.id || readAttested(c.req.raw.headers) !== null)
    const onward = signIn === null ? null : await onwardOf(room, signIn)
    if (signIn !== null) {
      await room.people.signOut(signIn.id)
      await record(c, room, { action: 'sign-out', object: user?.name ?? '' })
    }
    c.res.headers.delete('Set-Cookie')
    for (const cookie of clearCookies(room.settings)) c.header('Set-Cookie', cookie, { append: true })
    if (isFronts) return leaveFront(c, room, front.signOutAddress)
    if (onward !== null) return leaveTo(c, room, onward)
    return c.redirect(`${paths.login}?out=1`, c.req.method === 'GET' ? 302 : 303)
  }
  app.get(paths.logout, signOut)
  app.post(paths.logout, signOut)
  mountRedirectSignIn(app, room, limit)
}

/** Where signing out goes on to: the provider has a session of its own. */
async function onwardOf(room: WebRoom, { id, way }: SignIn): Promise<string | null> {
  const login = room.logins.find((each) => each.id === way)
  if (login?.kind !== 'redirect') return null
  const kept = await room.kept.find(id)
  const back = new URL(`${room.paths.login}?out=1`, new URL(room.settings.publicUrl).origin).href
  return login.signOutAddress(back, kept?.text ?? null)
}

/**
 * Send the browser to a page of somebody else's after signing out. A form's answer must not redirect there: `form-action` in our
 * policy holds for every step after a form, and providers pass people on to others. A page that goes on by itself is no form.
 */
async function leaveTo(c: WebContext, room: WebRoom, address: string): Promise<Response> {
  if (c.req.method === 'GET') return c.redirect(address, 302)
  c.set('visit', { ...c.get('visit'), user: null, signIn: null, scopes: new Set(), xsrf: '' })
  c.header('Refresh', `0; url=${address}`)
  const { host } = new URL(address)
  return room.pages.show(c, { template: 'leaving', title: 'Signed out', data: { address, host } })
}

/**
 * A sign-in that was refused. Only names that exist are written down: people type passwords into the wrong field, and what is in the
 * log stays there.
 */
export async function recordRefusal(
  c: WebContext,
  room: WebRoom,
  way: string,
  claimed: string,
  detail: string,
): Promise<void> {
  const known = await room.people.findUser(claimed)
  const object = known?.name ?? '(unknown name)'
  await record(c, room, { actor: 'anonymous', action: 'sign-in', object, way, outcome: 'refused', detail })
}

export const nextOf = (c: WebContext, { paths, settings }: WebRoom): string | null =>
  validateNext(c.req.query('next'), paths.base, settings.origins)

export function waitWords(c: WebContext, seconds: number): string {
  c.header('Retry-After', String(seconds))
  return `Too many tries from your address. Wait ${count(seconds, 'second', 'seconds')}, then try again.`
}

const startOf = ({ paths }: WebRoom, login: string, next: string | null): string =>
  paths.loginStart(login) + (next === null ? '' : `?next=${encodeURIComponent(next)}`)

interface SignInPage {
  readonly problem?: string
  readonly username?: string
  readonly isOut?: boolean
  readonly status?: number
  /** Instead of what the address of this page says. */
  readonly next?: string | null
}

/** The sign-in page; also what a stale form gets, with a fresh token and the name kept. */
export function showSignIn(c: WebContext, room: WebRoom, page: SignInPage): Promise<Response> {
  const next = page.next === undefined ? nextOf(c, room) : page.next
  const front = frontOf(room)
  const action = next === null ? room.paths.login : room.paths.loginWithNext(next)
  return room.pages.show(c, {
    template: 'sign-in',
    title: page.isOut ? 'Signed out' : 'Sign in',
    status: page.status ?? 200,
    data: {
      is_out: page.isOut ?? false,
      problem: page.problem ?? null,
      username: page.username ?? '',
      action,
      front: front === undefined ? null : { button: front.button, address: frontAddress(front, action, room.settings) },
      destination: next === null || next === room.paths.home ? null : next.split('?', 1)[0],
      has_links: room.hasLinks,
      has_form_problem: page.problem !== undefined && page.username !== undefined,
      ways: chooserOf(room, next),
    },
  })
}

/** What the page shows of each way, in order. Those whom the front server signs in need no button. */
function chooserOf(room: WebRoom, next: string | null) {
  const shown = room.logins.filter((login) => login.kind !== 'front')
  return shown.map((login, index) => ({
    id: login.id,
    button: login.button,
    is_first: index === 0,
    // Buttons stand below each other; a form is set apart.
    has_or: index > 0 && (login.kind === 'form' || shown[index - 1]?.kind === 'form'),
    address: login.kind === 'redirect' ? startOf(room, login.id, next) : null,
    warning: login.kind === 'form' ? login.warning : null,
    has_password: login.kind === 'form' && login.hasPassword,
  }))
}

interface LinkPage {
  /** Absent: the link is not valid (any more). */
  readonly userName?: string
  readonly key?: string
  /** What stands in the way, whatever the link is worth. */
  readonly problem?: string
}

const showLink = (c: WebContext, room: WebRoom, { userName, key, problem }: LinkPage): Promise<Response> =>
  room.pages.show(c, {
    template: 'link',
    title: problem !== undefined ? 'Too many tries' : userName === undefined ? 'Link not valid' : 'Sign in',
    status: problem !== undefined ? 429 : userName === undefined ? 410 : 200,
    isSecretAddress: true,
    data: {
      link_user: userName ?? null,
      problem: problem ?? null,
      key: key ?? '',
      next: nextOf(c, room) ?? '',
      // Nothing is offered that does not exist.
      has_forms: room.logins.length > 0,
    },
  })

/** A new sign-in each time, so that an id known before the sign-in is worth nothing after it. */
export async function completeSignIn(
  c: WebContext,
  room: WebRoom,
  {
    user,
    way,
    endsAt,
    kept,
  }: { readonly user: User; readonly kept?: Kept | undefined } & Pick<SignInOrigin, 'way' | 'endsAt'>,
  next: string | null,
): Promise<Response> {
  const { people, settings, paths } = room
  const { signIn: before, user: previous } = c.get('visit')
  if (before !== null) {
    await people.signOut(before.id)
    await record(c, room, {
      action: 'sign-out',
      object: previous?.name ?? '',
      detail: 'another sign-in took its place',
    })
  }
  const { signIn, secret } = await people.signIn(user, {
    way,
    endsAt,
    address: room.addressOf(c.req.raw.headers),
    agent: (c.req.header('user-agent') ?? '').slice(0, 256),
  })
  await record(c, room, { actor: user.name, action: 'sign-in', object: user.name, way })
  if (kept !== undefined) await room.kept.remember(signIn.id, way, kept)
  const seconds = Math.floor((signIn.expiresAt - room.now()) / 1000)
  const token = issueXsrf(settings.xsrfKey, xsrfBinding(signIn.id), room.nonce(), room.now())
  c.res.headers.delete('Set-Cookie')
  c.header('Set-Cookie', hubLoginCookie(settings, secret, seconds), { append: true })
  c.header('Set-Cookie', sessionIdCookie(settings, signIn.id, seconds), { append: true })
  c.header('Set-Cookie', xsrfCookie(settings, token, xsrfLifetimes.signedIn), { append: true })
  return c.redirect(next ?? paths.home, 302)
}

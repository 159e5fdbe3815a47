import { checkOrigin } from '../core/xsrf.ts'
import { showAdmin, type Tried } from './admin/admin-page.ts'
import { showSent } from './launch.ts'
import { showSignIn } from './sign-in.ts'
import { showSentToken } from './token-page.ts'
import { formOf } from './visitor.ts'
import type { WebContext, WebRoom } from './web-room.ts'

const tooOld = 'The form is too old: its sign-in is over. What it held is here; press the button again.'
const signedOut = 'You are signed out: nothing was done.'

/** Below the administrators' page. */
const adminForms: ReadonlyMap<string, Tried['form']> = new Map([
  ['/announcements', 'announce'],
  ['/drains', 'drain'],
])

/**
 * The answer to a form of a page that was left open too long, or whose person has signed out or in since: the same form with a fresh
 * token and what was typed, behind the sign-in where there has to be one. Nothing was done.
 * @returns null for a form that another site sent, and for what nobody types.
 */
export async function showStale(c: WebContext, room: WebRoom): Promise<Response | null> {
  const { paths, settings } = room
  const { user, isForeign } = c.get('visit')
  if (isForeign || c.req.method !== 'POST') return null
  const sent = await formOf(c)
  const { pathname } = new URL(c.req.url)
  if (pathname === paths.login) {
    const problem = 'The form was too old. Press the button again.'
    return showSignIn(c, room, { problem, username: sent.username ?? '', status: 403 })
  }
  // Nobody types a link’s secret, and its page is there to be loaded again.
  if (pathname === paths.link) return null
  if (checkOrigin(c.req.raw.headers, settings.origins) !== null) return null
  const place = placeOfLaunch(pathname, `${paths.hub}spawn`)
  const isFilledIn = place !== null || pathname === paths.tokens
  if (user === null) {
    const { _xsrf, _shown, _action, ...fields } = { ...c.req.query(), ...sent }
    const next = isFilledIn ? `${pathname}?${new URLSearchParams(fields)}` : null
    return showSignIn(c, room, { problem: signedOut, next, status: 403 })
  }
  if (pathname === paths.tokens) return showSentToken(c, room, tooOld)
  const form = adminForms.get(pathname.slice(paths.admin.length))
  if (form !== undefined && pathname.startsWith(paths.admin))
    return showAdmin(c, room, { form, fields: sent, problem: tooOld, status: 403 })
  if (place === null || (place.user ?? user.name) !== user.name) return null
  return showSent(c, room, place.server, tooOld)
}

/** Whose launch form has this address, and for which server; null for what is none. */
function placeOfLaunch(
  pathname: string,
  spawn: string,
): { readonly user: string | null; readonly server: string | null } | null {
  if (pathname === spawn) return { user: null, server: null }
  if (!pathname.startsWith(`${spawn}/`)) return null
  try {
    const [user = '', server = '', ...more] = pathname
      .slice(spawn.length + 1)
      .split('/')
      .map(decodeURIComponent)
    return more.length > 0 ? null : { user, server }
  } catch {
    return null
  }
}

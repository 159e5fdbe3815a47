/** What pages say where a front server signs people in. */
import type { FrontLogin } from '../people/login.ts'
import { problemHeader } from './front-gate.ts'
import type { WebContext, WebRoom, WebSettings } from './web-room.ts'

export const frontOf = ({ logins }: Pick<WebRoom, 'logins'>): FrontLogin | undefined =>
  logins.find((login) => login.kind === 'front')

/** What `front-gate.ts` wants to be said. No client can send it: the proxy strips it. */
export function problemOf(c: WebContext, room: WebRoom): { readonly status: number; readonly problem: string } | null {
  if (frontOf(room) === undefined) return null
  const [, status, words] = /^([45]\d\d) (.+)$/.exec(c.req.header(problemHeader) ?? '') ?? []
  return status === undefined || words === undefined
    ? null
    : { status: Number(status), problem: decodeURIComponent(words) }
}

/** Where the front server signs people in; `{next}` in it is the address to come back to. */
export function frontAddress(
  { signInAddress }: FrontLogin,
  back: string,
  { publicUrl }: Pick<WebSettings, 'publicUrl'>,
): string | null {
  if (signInAddress === null) return null
  return signInAddress.replaceAll('{next}', () => encodeURIComponent(new URL(back, publicUrl).href))
}

/**
 * On to where the front server's own session ends. Our sign-in has ended; a redirect back to a page of ours would begin the next.
 * A form's redirect may not leave our origin (`form-action 'self'`), so its answer is a page that goes on by itself.
 */
export function leaveFront(c: WebContext, room: WebRoom, address: string | null): Promise<Response> | Response {
  if (address !== null && c.req.method === 'GET') return c.redirect(address, 302)
  if (address !== null) c.header('Refresh', `0; url=${address}`)
  // Who has just gone must not be shown as signed in, nor get a form token.
  c.set('visit', { ...c.get('visit'), user: null, signIn: null, scopes: new Set(), xsrf: '' })
  return room.pages.show(c, {
    template: 'signed-out',
    title: 'Signed out',
    data: { front_logout: address, again: room.paths.home },
  })
}

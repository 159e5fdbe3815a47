/**
 * Ways to sign in. A way only finds out who somebody says to be; what follows from that is decided by `admission.ts`, the same for all.
 */

import type { Claims } from './people.ts'

/** Who somebody is in the words of the provider. Nothing of it is decided yet. */
export interface Identity {
  /** The name as the provider spells it, e.g. `alice@example.edu`. */
  readonly subject: string
  readonly claims: Claims
  /** Until when the provider vouches for it (Unix milliseconds); null = it does not say. */
  readonly endsAt: number | null
}

interface LoginBase {
  /** Of the configuration: `pam`, `oidc`… Noted with each sign-in. */
  readonly id: string
  /** Words on its button. */
  readonly button: string
}

/** A name, and mostly a password, asked on our own page. */
export interface FormLogin extends LoginBase {
  readonly kind: 'form'
  readonly hasPassword: boolean
  /** Shown above the form. */
  readonly warning: { readonly title: string; readonly text: string } | null
  /**
   * @returns null if the name or password is wrong; never which of the two.
   * @throws {BatchwayError} `invalid_choice`, or `sign_in_unavailable` if it could not be found out, with words for the page.
   */
  identify(given: {
    readonly username: string
    readonly password: string
    /** The browser's address, for what the provider logs. */
    readonly address: string
  }): Promise<Identity | null>
}

/** What a redirect brought: an identity, and what its way wants to be handed again as long as the sign-in lasts. */
export interface Arrival extends Identity {
  readonly kept?: Kept | undefined
}

/** Of a way to itself, for one sign-in. The hub stores `text` sealed and never looks into it. */
export interface Kept {
  readonly text: string
  /** Names by which the provider may end the sign-in from its side, such as its session's id; ours are made of them by hashing. */
  readonly handles: readonly string[]
}

/** The browser goes to the provider and comes back. */
export interface RedirectLogin extends LoginBase {
  readonly kind: 'redirect'
  /** Where the provider sends the browser back to: `{base}hub/login/ID/callback`, or the one address of JupyterHub. */
  readonly callback?: 'own' | 'jupyterhub'
  /** Go there without asking, where this is the only way. */
  readonly startsByItself?: boolean
  /**
   * @param callback our address that the provider sends the browser back to.
   * @param state must come back as the parameter `state` of that address: it tells which start an answer belongs to.
   * @returns where to send the browser, and what `finish` must get back: kept by that browser, sealed, for ten minutes.
   * @throws {BatchwayError} `sign_in_unavailable` with words for the page, if the provider does not answer.
   */
  start(callback: string, state: string): Promise<{ readonly address: string; readonly memory: string }>
  /**
   * @param arrived the full address at which the browser came back; its `state` is that of the start.
   * @throws {BatchwayError} `forbidden` with words for the page, if the provider refused or the answer does not fit;
   *   `sign_in_unavailable` if the provider does not answer.
   */
  finish(arrived: string, memory: string): Promise<Arrival>
  /** Where signing out goes on to, so that the provider's session ends too; null = nowhere. @param kept of this sign-in. */
  signOutAddress(back: string, kept: string | null): Promise<string | null>
  /** Asks the provider again whether the person may still come in. Absent: it is not asked. */
  readonly recheck?:
    | {
        readonly everySeconds: number
        /** @returns null = the provider refuses. @throws anything, if it could not be found out: then nothing changes. */
        ask(kept: string): Promise<Arrival | null>
      }
    | undefined
  /**
   * The provider says by itself that somebody has signed out there (a `logout_token`).
   * @returns the handles of the sign-ins to end, any of which counts; null = the token is not one of the provider's.
   */
  readonly signedOutThere?: ((token: string) => Promise<readonly string[] | null>) | undefined
}

/** The front server has signed the person in before the request reached us; the proxy attests it on each request. */
export interface FrontLogin extends LoginBase {
  readonly kind: 'front'
  identify(attested: { readonly user: string; readonly data: string | null }): Identity
  /** Where people can sign in at the front server; null = it does so by itself. */
  readonly signInAddress: string | null
  readonly signOutAddress: string | null
}

export type Login = FormLogin | RedirectLogin | FrontLogin

const parts = {
  form: ['identify'],
  redirect: ['start', 'finish', 'signOutAddress'],
} as const

/**
 * What a site's own module brings, which may be plain JavaScript. Ways of a front server are the proxy's matter too: sites cannot bring them.
 * @returns null if it can be used; else words for its author.
 */
export function problemOfSiteLogin(login: { readonly id: string }): string | null {
  if (isSiteLogin(login)) {
    try {
      defineLogin(login)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return 'is no way to sign in: "form" needs button, hasPassword, warning and identify(), "redirect" needs button, start(), finish() and signOutAddress()'
}

export function isSiteLogin(login: object): login is FormLogin | RedirectLogin {
  const part = (name: string): unknown => Reflect.get(login, name)
  const kind = part('kind')
  if (typeof part('button') !== 'string' || (kind !== 'form' && kind !== 'redirect')) return false
  if (kind === 'form' && (typeof part('hasPassword') !== 'boolean' || typeof part('warning') !== 'object')) return false
  return parts[kind].every((name) => typeof part(name) === 'function')
}

/** Check the parts that TypeScript cannot. Extensions are written with it. @throws {TypeError} with words for their author. */
export function defineLogin<const L extends Login>(login: L): L {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(login.id))
    throw new TypeError(`a way to sign in needs an id such as "ldap", not ${JSON.stringify(login.id)}`)
  if (login.button.trim() === '') throw new TypeError(`${login.id}: write the words of its button`)
  return login
}

import type { People, User } from '../people/people.ts'

export interface LoginForm {
  readonly id: string
  readonly button: string
  readonly hasPassword: boolean
  /** Shown above the form. */
  readonly warning: { readonly title: string; readonly text: string } | null
  /** @returns null if the name or password is wrong. @throws {BatchwayError} `invalid_choice` with words for the page. */
  signIn(given: { readonly username: string; readonly password: string }): Promise<User | null>
}

/** Ways to sign in, as the page offers them. */
export interface Logins {
  /** One-time links. */
  readonly hasLinks: boolean
  readonly forms: readonly LoginForm[]
}

/** Sign in as anyone, without a password. Whoever assembles the hub refuses it outside development. */
export const devLogin = (people: Pick<People, 'ensureUser'>): LoginForm => ({
  id: 'dev',
  button: 'Sign in',
  hasPassword: false,
  warning: {
    title: 'Development sign-in: no password is asked.',
    text: 'Everyone who reaches this page can be anyone. Never let others reach it.',
  },
  signIn: ({ username }) => people.ensureUser(username),
})

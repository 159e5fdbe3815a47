import type { Config } from '../core/config.ts'
import type { Login } from '../people/login.ts'
import { devLogin } from '../web/dev-login.ts'

/** The ways to sign in that the configuration names, in its order. One-time links are none of them: administrators make those. */
export function openLogins({ signIn }: Pick<Config, 'signIn'>): readonly Login[] {
  return signIn.flatMap(({ type }): Login[] => (type === 'dev' ? [devLogin] : []))
}

/** What a site's own code uses: `batchway.config.ts`, ways to sign in. Their contract suite is `batchway/testing`. */
import type { Driver } from '@batchway/schedulers'
import type { ConfigInput } from './core/config.ts'
import type { FormLogin, RedirectLogin } from './people/login.ts'

export type { ConfigInput } from './core/config.ts'
export { BatchwayError } from './core/errors.ts'
export {
  type Arrival,
  defineLogin,
  type FormLogin,
  type Identity,
  type Kept,
  type RedirectLogin,
} from './people/login.ts'
export type { Claims } from './people/people.ts'

/** What `batchway.config.ts` exports: data as in the YAML file, and code that data cannot say. */
export interface ConfigModule {
  readonly config: ConfigInput
  /** Drivers of the site, beside the built-in ones. */
  readonly drivers?: readonly Driver[]
  /** Ways to sign in of the site, named by `signIn: [{ type: 'own', id: … }]`. */
  readonly logins?: readonly (FormLogin | RedirectLogin)[]
}

/** Identity function that gives `batchway.config.ts` its types. */
export const defineConfig = (module: ConfigModule): ConfigModule => module

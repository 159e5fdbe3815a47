/** Which web server could stand before the gateway, and what signs people in there. Pure. */
import type { SignOn } from '../front-config/front-facts.ts'
import { anyWords, type Recorded } from './recorded.ts'

export type FrontServer = 'apache' | 'nginx' | 'caddy'

export interface FoundFront {
  readonly server: FrontServer
  /** `batchway front-config` writes files for it. */
  readonly isWritten: boolean
  /** Modules for single sign-on that are switched on, best known first. */
  readonly modules: readonly SingleSignOn[]
}

export interface SingleSignOn {
  readonly module: string
  /** For `batchway front-config --sign-on`. */
  readonly signOn: SignOn
  readonly title: string
}

/** Names as `apache2ctl -M` prints them, and as their `.load` files are called. `basic`: a place in the printed file to put it in. */
const modules: readonly (SingleSignOn & { readonly names: readonly string[] })[] = [
  {
    module: 'mod_auth_openidc',
    signOn: 'openidc',
    title: 'OpenID Connect',
    names: ['auth_openidc_module', 'auth_openidc'],
  },
  {
    module: 'mod_shib',
    signOn: 'shibboleth',
    title: 'Shibboleth',
    names: ['mod_shib', 'shib_module', 'shib', 'shib2'],
  },
  {
    module: 'mod_auth_mellon',
    signOn: 'basic',
    title: 'SAML by mod_auth_mellon',
    names: ['auth_mellon_module', 'auth_mellon'],
  },
  { module: 'mod_auth_cas', signOn: 'basic', title: 'CAS', names: ['auth_cas_module', 'auth_cas'] },
  { module: 'mod_auth_gssapi', signOn: 'basic', title: 'Kerberos', names: ['auth_gssapi_module', 'auth_gssapi'] },
]

export function findFronts(recorded: Recorded): readonly FoundFront[] {
  const { commands, apacheModules } = recorded
  const loaded = new Set([
    ...`${anyWords(recorded, 'apache modules')}\n${anyWords(recorded, 'httpd modules')}`
      .split('\n')
      .flatMap((line) => /^\s+(\w+) \((?:shared|static)\)$/.exec(line)?.[1] ?? []),
    ...apacheModules,
  ])
  const signOns = modules.filter(({ names }) => names.some((name) => loaded.has(name)))
  const has = (...names: string[]): boolean => names.some((name) => commands[name] !== undefined)
  return [
    ...(has('apache2', 'httpd')
      ? [{ server: 'apache', isWritten: true, modules: signOns.map(({ names: _, ...rest }) => rest) } as const]
      : []),
    ...(has('nginx') ? [{ server: 'nginx', isWritten: true, modules: [] } as const] : []),
    ...(has('caddy') ? [{ server: 'caddy', isWritten: false, modules: [] } as const] : []),
  ]
}

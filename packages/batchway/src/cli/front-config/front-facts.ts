/** What a front server's site file is made from. */
import type { OpenIdFacts } from './openid.ts'

/** What stands where the site's single sign-on goes. */
export const signOns = ['basic', 'shibboleth', 'openidc', 'none'] as const
export type SignOn = (typeof signOns)[number]

export interface FrontFacts {
  /** Host name that people type. */
  readonly fqdn: string
  /** Of https; with the usual one, plain http is redirected. */
  readonly port: number
  /** The gateway's path with both slashes. */
  readonly base: string
  /** Where the proxy listens: `HOST:PORT`, or an absolute path of a unix socket. */
  readonly proxy: { readonly address: string } | { readonly socket: string }
  /** Headers that name the user; null where people do not sign in at the front server. */
  readonly identity: { readonly user: string; readonly data: string | null } | null
  /** Must the front server prove itself by a secret? */
  readonly needsSecret: boolean
  readonly signOn: SignOn
  /** With `openidc`. */
  readonly openId: OpenIdFacts | null
  /** Applications have hosts of their own below this domain; null: they share the host. */
  readonly applicationDomain: string | null
  readonly certificate: string
  readonly certificateKey: string
}

/** Where the secret stands for the front server: read by its root process alone, included by the site file. */
export const secretFile = {
  apache: '/etc/apache2/batchway-front.secret',
  nginx: '/etc/nginx/batchway-front.secret',
} as const

/** Spellings of a header that programs behind the front server could take for it. */
export function spellingsOf(header: string): readonly string[] {
  const parts = header.split(/[-_]/)
  const all = parts.reduce<string[]>(
    (before, part) => (before.length === 0 ? [part] : before.flatMap((each) => [`${each}_${part}`, `${each}-${part}`])),
    [],
  )
  return [...new Set([header, ...all])]
}

/** One behaviour of configurable-http-proxy: how it is tried, what ours gives, and what the other gives where that differs. */
import type { ConnectionOptions } from 'node:tls'
import type { Site, World } from './world.ts'

export interface Row {
  readonly what: string
  readonly run: (site: Site) => Promise<unknown>
  /** What comes out of `run`. */
  readonly ours: unknown
  /** Where configurable-http-proxy 5.3 gives something else: what, and why ours differs. */
  readonly differs?: { readonly theirs: unknown; readonly why: string }
}

/** Rows that are tried one after the other on one proxy. */
export interface Group {
  readonly name: string
  readonly options: (world: World) => readonly string[]
  /** Options that the other does not have. */
  readonly ownOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** How the hub speaks to it, where that is by TLS. */
  readonly apiTls?: (world: World) => ConnectionOptions
  /** Certificates have to be made first. */
  readonly needsTls?: true
  readonly rows: readonly Row[]
}

import { isIP } from 'node:net'
import { ownText } from './header-lines.ts'
import { plainAddress, type TrustedFronts } from './trusted-fronts.ts'

/** What the proxy attests about a request's origin. `client` is null when neither the socket nor a trusted front names one. */
export interface Origin {
  readonly client: string | null
  readonly proto: 'http' | 'https'
  readonly host: string
  readonly port: string
  /** In configurable-http-proxy's place: what else passes, and what is said instead. */
  readonly passing?: Passing
}

/** How headers of one request pass in configurable-http-proxy's place. */
export interface Passing {
  /** Of what the request says about where it came from, and about who sent it. */
  readonly believes: 'nothing' | 'addresses' | 'everything'
  /** Folded names of the headers of which ours count alone. */
  readonly replaced: ReadonlySet<string>
  /** Ours, in place of the four that are usual. */
  readonly headers: readonly string[]
  /** In place of the client's `Host`. */
  readonly host: string | null
}

/** One hop as the socket shows it. */
export interface Hop {
  /** Peer address, `unix` on a unix socket, null when the socket has forgotten it. */
  readonly peer: string | null
  /** The peer is a front server: what it says about where the request came from is believed. */
  readonly isFront: boolean
  /** The listener speaks TLS itself. */
  readonly isTls?: boolean
  readonly host: string
  /** First value of a header by lower-case name. */
  readonly header: (name: string) => string | undefined
}

/**
 * Decide who the client is. From a front server the right-most X-Forwarded-For address that is no front itself counts: what stands
 * left of it was written by the client. From anyone else X-Forwarded-* say nothing.
 */
export function readOrigin(hop: Hop, trusted: TrustedFronts): Origin {
  const peer = hop.peer === null || hop.peer === 'unix' ? null : plainAddress(hop.peer)
  const seen = hop.isTls === true ? 'https' : 'http'
  if (!hop.isFront) return { client: peer, proto: seen, host: hop.host, port: portOf(hop.host, seen) }
  const said = hop.header('x-forwarded-proto')?.trim().toLowerCase()
  const proto = said === 'https' || said === 'http' ? said : seen
  const named = hop.header('x-forwarded-host')?.trim()
  const host = named !== undefined && isHost(named) ? named : hop.host
  const chain = (hop.header('x-forwarded-for') ?? '').split(',').map((each) => plainAddress(each.trim()))
  const client = chain.findLast((each) => !trusted.has(each))
  return { client: client !== undefined && isIP(client) ? client : peer, proto, host, port: portOf(host, proto) }
}

/** A site has few hosts, and each request names one: what was found out of them is remembered, as long as there are not too many. */
function remember<T>(find: (host: string) => T): (host: string) => T {
  const known = new Map<string, T>()
  return (host) => {
    const before = known.get(host)
    if (before !== undefined) return before
    const now = find(host)
    if (known.size < mostKnown && host.length <= longestKnown) known.set(ownText(host), now)
    return now
  }
}
const mostKnown = 1_000
const longestKnown = 255

/**
 * RFC 9110 4.2.3 reduced to what a Host header may hold: name, IPv4 or bracketed IPv6, optional port. What stands in no URL (`.0`,
 * `256.1.1.1`) is none: programs behind make URLs of it, and fail.
 */
export const isHost = remember(
  (text) => /^(?:\[[0-9a-fA-F:.]+\]|[\w.~-]+)(?::\d{1,5})?$/.test(text) && URL.canParse(`http://${text}/`),
)

/** Its digits; empty: it names none. */
const namedPort = remember((host) => /:(\d+)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '')

const portOf = (host: string, proto: 'http' | 'https'): string => namedPort(host) || (proto === 'https' ? '443' : '80')

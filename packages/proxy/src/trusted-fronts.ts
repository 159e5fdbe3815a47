import { BlockList, isIP } from 'node:net'

/** Front servers: addresses, networks, or `unix` for any peer on a unix socket. */
export interface TrustedFronts {
  /** @param peer an address as sockets show it, or `unix`. Anything else is no front. */
  has(peer: string): boolean
}

/** `::ffff:10.0.0.1` is 10.0.0.1 that reached a dual-stack socket. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/** What sockets show is remembered up to so many peers: parsing an address anew for each request would cost more than the rest. */
const remembered = 1_000

/**
 * @param entries `10.0.0.7`, `10.1.0.0/16`, `2001:db8::/32`, `unix`.
 * @throws {RangeError} for anything else, and for a network of all addresses.
 */
export function trustedFronts(entries: readonly string[]): TrustedFronts {
  const networks = new BlockList()
  for (const entry of entries) if (entry !== 'unix') addNetwork(networks, entry)
  const known = new Map<string, boolean>([['unix', entries.includes('unix')]])
  const look = (peer: string): boolean => {
    // A link-local peer carries its interface: `fe80::1%eth0`.
    const address = plainAddress(peer.split('%', 1)[0] ?? '')
    const family = isIP(address)
    return family !== 0 && networks.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    has(peer) {
      const before = known.get(peer)
      if (before !== undefined) return before
      const now = look(peer)
      if (known.size < remembered) known.set(peer, now)
      return now
    },
  }
}

function addNetwork(networks: BlockList, entry: string): void {
  const [, text = '', digits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? []
  const address = plainAddress(text)
  const family = isIP(address)
  const bits = family === 4 ? 32 : 128
  const prefix = digits === undefined ? bits : Number(digits)
  if (family === 0 || prefix > bits || (address !== text && digits !== undefined))
    throw new RangeError(
      `not a front server: ${JSON.stringify(entry)} (an IP address, a network such as 10.1.0.0/16, or unix)`,
    )
  if (prefix === 0) throw new RangeError(`${entry} is every address there is: name the front servers`)
  networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
}

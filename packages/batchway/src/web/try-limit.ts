/** How often an address may try to sign in, and how often as one name: buckets of tries that fill again. In memory; a restart forgives. */

export interface TryLimit {
  /** Take one try. @returns 0, or the seconds to wait when there is none left. */
  take(address: string): number
  /** That try was no guess: give it back. */
  giveBack(address: string): void
}

/** Tries of a password: counted for the name as well, so that many addresses cannot guess at one name without end. */
export interface NameLimit {
  /** @returns 0, or the seconds to wait. */
  take(name: string, address: string): number
  /** The password was right: this was no guess, and from there this name's tries count by themselves from now on. */
  succeeded(name: string, address: string): void
}

/** What all doors of a hub that take a password share: whoever is refused at one has no more tries at the other. */
export interface SignInTries {
  readonly byAddress: TryLimit
  readonly byName: NameLimit
}

export const openSignInTries = (now: () => number): SignInTries => ({
  byAddress: tryLimit(signInTries, now),
  byName: nameLimit(now),
})

export interface TryLimitSettings {
  /** Tries at once. */
  readonly tries: number
  /** Milliseconds until one more is there. */
  readonly everyMs: number
  /** Addresses that are remembered at most; those that waited longest are forgiven first. */
  readonly addresses: number
}

export const signInTries: TryLimitSettings = { tries: 20, everyMs: 3_000, addresses: 10_000 }

/** Of one name from one network. */
export const nameTries: TryLimitSettings = { tries: 10, everyMs: 20_000, addresses: 10_000 }
/** Of one name from everywhere: when these are used up, the name is under attack. */
export const nameHeat: TryLimitSettings = { tries: 50, everyMs: 10_000, addresses: 10_000 }
/** Of one name under attack, from a network where it has not signed in: never none, or anyone could lock anyone out. */
export const attackedTries: TryLimitSettings = { tries: 1, everyMs: 60_000, addresses: 10_000 }

interface Bucket {
  readonly left: number
  readonly at: number
}

export function tryLimit(settings: TryLimitSettings, now: () => number): TryLimit {
  const { take, giveBack } = buckets(settings, now)
  return { take: (address) => take(networkOf(address)), giveBack: (address) => giveBack(networkOf(address)) }
}

export function nameLimit(now: () => number): NameLimit {
  const calm = buckets(nameTries, now)
  const attacked = buckets(attackedTries, now)
  const heat = buckets(nameHeat, now)
  /** Where a name has signed in. The order is that of the last time. */
  const known = new Set<string>()
  const nameOf = (name: string) => name.toLowerCase().slice(0, 255)
  const pairOf = (name: string, address: string) => `${networkOf(address)} ${nameOf(name)}`

  return {
    take(name, address) {
      const pair = pairOf(name, address)
      const isAttacked = heat.take(nameOf(name)) > 0
      return (isAttacked && !known.has(pair) ? attacked : calm).take(pair)
    },
    succeeded(name, address) {
      const pair = pairOf(name, address)
      heat.giveBack(nameOf(name))
      for (const limit of [calm, attacked]) limit.giveBack(pair)
      known.delete(pair)
      known.add(pair)
      for (const oldest of known) {
        if (known.size <= nameTries.addresses) break
        known.delete(oldest)
      }
    },
  }
}

function buckets({ tries, everyMs, addresses }: TryLimitSettings, now: () => number): TryLimit {
  /** The order is that of the last try. */
  const buckets = new Map<string, Bucket>()
  const leftOf = ({ left, at }: Bucket, moment: number) => Math.min(tries, left + Math.max(0, moment - at) / everyMs)

  function keep(key: string, left: number, at: number): void {
    buckets.delete(key)
    if (left >= tries) return
    buckets.set(key, { left, at })
    for (const oldest of buckets.keys()) {
      if (buckets.size <= addresses) break
      buckets.delete(oldest)
    }
  }

  return {
    take(key) {
      const at = now()
      const left = leftOf(buckets.get(key) ?? { left: tries, at }, at)
      if (left < 1) return Math.ceil(((1 - left) * everyMs) / 1000)
      keep(key, left - 1, at)
      return 0
    },
    giveBack(key) {
      const at = now()
      const bucket = buckets.get(key)
      if (bucket !== undefined) keep(key, leftOf(bucket, at) + 1, at)
    },
  }
}

/** One household has 2^64 addresses of IPv6: its network is what counts. An IPv4 address in IPv6 dress is that address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length)
  return [...groups, ...Array<string>(missing).fill('0'), ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

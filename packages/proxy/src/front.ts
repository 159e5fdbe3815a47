import { createHash, timingSafeEqual } from 'node:crypto'
import {
  checkIdentityHeaders,
  type Identity,
  type IdentityHeaders,
  type IdentityProblem,
  readIdentity,
} from './front-identity.ts'
import { type RawHeaders, valuesOf } from './headers.ts'
import type { Log } from './log.ts'
import type { TrustedFronts } from './trusted-fronts.ts'

/** The header in which the front server shows the shared secret. Like all that begins so, it goes no further than to us. */
export const secretHeader = 'X-Batchway-Front-Secret'

export interface FrontOptions {
  readonly trusted: TrustedFronts
  /** Entries of the list above that are no unix sockets: there anybody on the machine or in the network may connect. */
  readonly hasAddresses: boolean
  /** Shown by front servers on every request; null: their address is believed alone. Not asked on unix sockets. */
  readonly secret: string | null
  /** Null: no front server signs anybody in. */
  readonly identity: IdentityHeaders | null
  /** Sign people in by headers from an address that proves nothing else. */
  readonly isAddressEnough: boolean
  readonly log: Log
  readonly now: () => number
}

/** Between two lines about a secret that is missing or wrong (ms): whoever may connect could fill the log. */
const quietMs = 60_000

/** What the proxy knows about the front servers. */
export interface Front {
  /** Whether this request came from a front server: by its address, and by the secret where that is asked. */
  sent(peer: string | null, raw: RawHeaders): boolean
  /** Whether front servers sign people in: then credentials of HTTP's own kinds are meant for them. */
  readonly signsIn: boolean
  /** What the hub is told about the user: headers that no client can send. Or why the request is refused. */
  attest(isFront: boolean, raw: RawHeaders): readonly string[] | { readonly problem: IdentityProblem }
}

/** @throws {Error} with words for the admin when headers would be believed that anybody could have written. */
export function openFront(options: FrontOptions): Front {
  const { trusted, hasAddresses, secret, identity, isAddressEnough, log, now } = options
  if (secret !== null) checkStrength(secret)
  if (identity !== null) {
    checkIdentityHeaders(identity)
    if (!hasAddresses && !trusted.has('unix'))
      throw new Error('nobody may say who the user is: name the front server (--trusted-front)')
    if (hasAddresses && secret === null && !isAddressEnough)
      throw new Error(
        'whoever can connect from a trusted address could be anybody: give --front-secret-file, or trust unix sockets alone',
      )
  }
  const isSecret = secret === null ? () => true : secretCheck(secret)
  let toldAt = Number.NEGATIVE_INFINITY
  const tellOfStranger = (peer: string): void => {
    if (now() - toldAt < quietMs) return
    toldAt = now()
    log.warn({ peer }, 'a trusted address did not show the front secret: it is treated as any client')
  }
  return {
    signsIn: identity !== null,
    sent: (peer, raw) => {
      if (peer === null || !trusted.has(peer)) return false
      if (peer === 'unix' || isSecret(valuesOf(raw, secretHeader.toLowerCase()))) return true
      tellOfStranger(peer)
      return false
    },
    attest: (isFront, raw) => {
      if (identity === null) return []
      if (!isFront) return ['X-Batchway-Front', 'no']
      const found = readIdentity(raw, identity)
      return typeof found === 'string' ? { problem: found } : attestation(found)
    },
  }
}

function attestation(identity: Identity | null): string[] {
  const headers = ['X-Batchway-Front', 'yes']
  if (identity === null) return headers
  headers.push('X-Batchway-User', encodeURIComponent(identity.user))
  if (identity.data !== null) headers.push('X-Batchway-User-Data', encodeURIComponent(identity.data))
  return headers
}

/** Compares digests, so that neither length nor content of the secret shows in the time. Two values are none: one is not the front's. */
function secretCheck(secret: string): (values: readonly string[]) => boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest()
  const expected = digest(secret)
  return ([value, ...others]) => value !== undefined && others.length === 0 && timingSafeEqual(digest(value), expected)
}

/** @throws {Error} for what could be guessed, or would not pass unchanged in a header. The words never repeat it. */
function checkStrength(secret: string): void {
  if (!/^[\x21-\x7e]{32,512}$/.test(secret) || new Set(secret).size < 8)
    throw new Error(
      'the front secret is weak: write 32 or more random characters without blanks, such as "openssl rand -hex 32" gives',
    )
}

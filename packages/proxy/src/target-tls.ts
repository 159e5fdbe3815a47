import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Psk, Target } from './route.ts'

/** How to speak with a target; null: plainly. */
export function tlsOptions(target: Target): ConnectionOptions | null {
  if (target.psk !== null) return pskOptions(target.psk)
  if (target.tls === undefined || target.connect.kind === 'unix') return null
  const { host } = target.connect
  // An address is no name to ask for (RFC 6066 3); and Node would ask for the one in the browser's Host header.
  return { ...target.tls, servername: isIP(host) ? '' : host }
}

/**
 * TLS 1.2 with a pre-shared key and no certificate: both sides prove the key in the handshake, before a byte of the request is sent.
 * @see https://www.rfc-editor.org/rfc/rfc7905 for the cipher
 */
function pskOptions(psk: Psk): ConnectionOptions {
  const key = Buffer.from(psk.key, 'hex')
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
    pskCallback: () => ({ identity: psk.identity, psk: key }),
    // There is no certificate; with this one cipher the handshake itself is the check.
    checkServerIdentity: () => undefined,
    // None is expected there.
    servername: '',
  }
}

import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import type { CertificateTls, Psk, Target } from './route.ts'

/** How to speak with a target, to be asked for each connection; null: plainly. */
export function tlsOptions({ psk, tls, connect }: Target): (() => ConnectionOptions) | null {
  if (psk !== null) {
    let options: ConnectionOptions | null = null
    return () => {
      options ??= withContext(pskOptions(psk))
      return options
    }
  }
  if (tls === undefined || connect.kind === 'unix') return null
  // An address is no name to ask for (RFC 6066 3); and Node would ask for the one in the browser's Host header.
  const servername = isIP(connect.host) ? '' : connect.host
  let used: CertificateTls | null = null
  let options: ConnectionOptions = {}
  return () => {
    const now = tls()
    if (now !== used) options = withContext({ ...now, servername })
    used = now
    return options
  }
}

/** Node would make one for each connection. */
const withContext = (options: ConnectionOptions): ConnectionOptions => ({
  ...options,
  secureContext: createSecureContext(options),
})

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

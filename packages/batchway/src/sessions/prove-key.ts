/** Does the agent at this address hold the session's key? A finished TLS-PSK handshake is the proof; nothing is sent. */
import { connect, createSecureContext } from 'node:tls'

export type Proof = { readonly isProven: true } | { readonly isProven: false; readonly words: string }

/** One for all: each takes more memory than a session does, and goes only when the garbage is collected. */
const secureContext = createSecureContext({
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
})

/** @param timeoutMs counts for connecting and handshake together. */
export function proveKey(
  target: { readonly host: string; readonly port: number },
  psk: { readonly identity: string; readonly key: string },
  timeoutMs: number,
): Promise<Proof> {
  return new Promise((resolve) => {
    const socket = connect({
      ...target,
      secureContext,
      pskCallback: () => ({ identity: psk.identity, psk: Buffer.from(psk.key, 'hex') }),
      // A pre-shared key has no certificate; both sides have proven the key when the handshake is done.
      checkServerIdentity: () => undefined,
    })
    const done = (proof: Proof): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(proof)
    }
    const timer = setTimeout(
      () => done({ isProven: false, words: `no answer within ${timeoutMs / 1000} s` }),
      timeoutMs,
    )
    socket.once('secureConnect', () => done({ isProven: true }))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      done({ isProven: false, words: error.code ?? error.message }),
    )
    socket.once('close', () => done({ isProven: false, words: 'the connection was closed' }))
  })
}

/** Certificates and keys in files: read, and read again when somebody has replaced them. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createSecureContext, type TlsOptions } from 'node:tls'

export interface CertificateFiles {
  /** Certificate with its chain, PEM. */
  readonly certificate: string
  readonly key: string
}

/** @throws {Error} with words if they cannot be read, are not whole, or do not belong together. */
export function readCertificate({ certificate, key }: CertificateFiles): {
  readonly cert: Buffer
  readonly key: Buffer
} {
  const read = { cert: readFileSync(certificate), key: readFileSync(key) }
  try {
    checkTls(read)
  } catch (cause) {
    throw new Error(
      `${certificate} and ${key} are no certificate with its key: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    )
  }
  return read
}

/** @throws {Error} if no handshake could be made with these. Files that somebody is about to write are empty, and OpenSSL takes that for none. */
export function checkTls(options: TlsOptions): void {
  for (const part of [options.cert, options.key].flat())
    if ((typeof part === 'string' || Buffer.isBuffer(part)) && part.length === 0) throw new Error('an empty file')
  createSecureContext(options)
}

/** Until when it holds, for the log: an ISO time. */
export const validUntil = (certificate: string | Buffer): string =>
  new Date(new X509Certificate(certificate).validTo).toISOString()

/** How often files are looked at (ms). */
const lookMs = 5_000

/**
 * Call `changed` once files are others than they were, and have stayed so from one look to the next: whoever renews a certificate replaces
 * several files, one after the other. Looked at by name, so that links may be turned over (certbot) and files replaced.
 */
export function watchFiles(
  files: readonly string[],
  changed: () => void,
  { everyMs = lookMs }: { readonly everyMs?: number } = {},
): Disposable {
  let used: string | null = null
  let last: string | null = null
  let isLooking = false
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    const seen = (await Promise.all(files.map(stampOf))).join('\n')
    isLooking = false
    used ??= seen
    if (seen !== used && seen === last) {
      used = seen
      changed()
    }
    last = seen
  }
  void look()
  const timer = setInterval(look, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const stampOf = (file: string): Promise<string> =>
  stat(file, { bigint: true }).then(
    ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    () => 'none',
  )

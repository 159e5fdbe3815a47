/** Text that others keep for us and can neither read nor change: AES-256-GCM, NIST SP 800-38D. */
import { createCipheriv, createDecipheriv } from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/**
 * @param key 32 bytes, of this purpose alone.
 * @param context what the text is for and whom it belongs to: it opens with the same context only.
 * @param iv 12 random bytes, new each time.
 * @returns letters, digits, "-" and "_".
 */
export function sealText(key: Buffer, context: string, text: string, iv: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64url')
}

/** @returns null if it was not sealed with this key in this context, or was changed since. */
export function openSealedText(key: Buffer, context: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < ivBytes + tagBytes) return null
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

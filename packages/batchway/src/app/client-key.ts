/** The private key by which the hub proves itself to an OpenID provider (`private_key_jwt`, RFC 7523). */
import { createPrivateKey, type KeyObject } from 'node:crypto'

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>
type Algorithm = Parameters<KeyObject['toCryptoKey']>[0]

/** Kind of key → how it signs. RSA without a word about its padding is RS256, which every provider takes. */
const algorithms: Readonly<Record<string, Algorithm>> = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'rsa-pss': { name: 'RSA-PSS', hash: 'SHA-256' },
  prime256v1: { name: 'ECDSA', namedCurve: 'P-256' },
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521' },
  ed25519: { name: 'Ed25519' },
}
const leastRsaBits = 2_048

/**
 * @param pem an unencrypted private key. @param path where it came from, for the words.
 * @returns a key that can sign and cannot be exported again.
 * @throws {Error} with words for the admin. They hold nothing of the key.
 */
export function readClientKey(pem: string, path: string): CryptoKey {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    throw new Error(
      `${path} holds no private key in PEM without a passphrase: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`,
    )
  }
  const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details } = key
  const algorithm = algorithms[kind === 'ec' ? (details?.namedCurve ?? '') : kind]
  if (algorithm === undefined)
    throw new Error(`${path} holds a key of a kind that cannot be used: take RSA, EC P-256 or Ed25519`)
  if ((details?.modulusLength ?? leastRsaBits) < leastRsaBits)
    throw new Error(`${path} holds an RSA key of ${details?.modulusLength} bits: ${leastRsaBits} are the least`)
  return key.toCryptoKey(algorithm, false, ['sign'])
}

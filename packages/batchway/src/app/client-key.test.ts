import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { readClientKey } from './client-key.ts'

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const

describe('readClientKey', () => {
  for (const [name, key, expected] of [
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 }), 'RSASSA-PKCS1-v1_5'],
    ['EC P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ECDSA'],
    ['Ed25519', generateKeyPairSync('ed25519'), 'Ed25519'],
  ] as const)
    it(`takes ${name}, to sign and for nothing else`, () => {
      const found = readClientKey(String(key.privateKey.export(pkcs8)), '/etc/k.pem')
      assert.deepEqual([found.algorithm.name, found.extractable, found.usages], [expected, false, ['sign']])
    })

  for (const [name, text] of [
    ['no key', 'a secret'],
    [
      'a public key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
    ],
    [
      'a key with a passphrase',
      generateKeyPairSync('ed25519').privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
    ['a key that cannot sign', generateKeyPairSync('x25519').privateKey.export(pkcs8)],
    ['a short RSA key', generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export(pkcs8)],
  ] as const)
    it(`refuses ${name}, and repeats nothing of it`, () => {
      assert.throws(
        () => readClientKey(String(text), '/etc/k.pem'),
        (error: Error) => /^\/etc\/k\.pem holds/.test(error.message) && !/BEGIN|a secret/.test(error.message),
      )
    })
})

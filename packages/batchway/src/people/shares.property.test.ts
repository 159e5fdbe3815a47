import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { coversScopeText, expandScopes } from './scopes.ts'
import { parseShareScopes, scopeOnServer } from './share-scopes.ts'

const piece = fc.constantFrom(
  'access:servers',
  'servers',
  'admin:users',
  'read:users',
  'inherit',
  'self',
  '!',
  '!server=',
  '!user=',
  'alice/',
  'bob/',
  'alice',
  'lab',
  '',
  'shares',
  'custom:x',
  '__proto__',
)
const text = fc.oneof(
  fc.array(piece, { maxLength: 5 }).map((all) => all.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

describe('scopes that are to be shared', () => {
  it('are rights over this very server, or the request is refused', () =>
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), fc.constantFrom('', 'lab'), (texts, server) => {
        let names: readonly string[]
        try {
          names = parseShareScopes(texts, 'alice', server)
        } catch (error) {
          assert.ok(error instanceof BatchwayError && error.code === 'bad_request')
          assert.ok(error.message.length < 800)
          return
        }
        assert.ok(names.length > 0)
        const given = names.map((name) => scopeOnServer(name, 'alice', server))
        for (const each of expandScopes(given, { userName: null })) {
          assert.ok(each.endsWith(`!server=alice/${server}`), each)
          // What is given is what the owner of everything on this server could hold: nothing of a person.
          assert.ok(!each.startsWith('read:users') && !coversScopeText(new Set([each]), each.replace('alice', 'bob')))
        }
      }),
    ))
})

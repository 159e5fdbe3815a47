/** What people, front servers, providers, saslauthd and the site's own tables say. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { anyText } from '../core/testing/any-text.ts'
import { auditText, isAuditAction, toAuditEntry } from './audit.ts'
import { parseUserData } from './logins/header.ts'
import { nameAt, toClaims, toTexts, valueAt } from './logins/oidc-claims.ts'
import { readLogoutToken } from './logins/oidc-logout-token.ts'
import { causeOf, isEnded, refusalOf } from './logins/oidc-words.ts'
import { decodeAnswer, encodeQuestion, isAskable, NoAnswer } from './logins/saslauthd.ts'
import { nameRules } from './name-rules.ts'
import { parseNameTable } from './name-table.ts'
import { coversScopeText, expandScopes, formatScope, isScopeText, parseScope } from './scopes.ts'
import { isPlausible, isStrongToken } from './secrets.ts'
import { parseUserName, toUserName } from './user-name.ts'
import { parseClaims } from './who.ts'

const json = fc.json({ maxDepth: 4 }).map((text): unknown => JSON.parse(text))

describe('scopes', () => {
  const text = anyText(
    'servers',
    'access:servers',
    'read:users',
    'custom:a',
    '!',
    'user',
    'server',
    'group',
    'service',
    '=',
    '/',
    'alice',
    'self',
    'inherit',
    '__proto__',
    'constructor',
    '*',
  )
  it('are written as they were read, or are none', () =>
    fc.assert(
      fc.property(text, (words) => {
        const scope = parseScope(words)
        if (scope === null) return
        assert.equal(formatScope(scope), words)
        assert.deepEqual(parseScope(formatScope(scope)), scope)
      }),
    ))
  it('of texts that are none grant nothing', () =>
    fc.assert(
      fc.property(text, (words) => {
        if (isScopeText(words)) return
        assert.deepEqual([...expandScopes([words], { userName: 'alice' })], [])
        assert.equal(
          coversScopeText(new Set([words]), 'admin:users', () => []),
          false,
        )
      }),
    ))
})

describe('names', () => {
  it('of users pass in one form or are an error with words for a person', () =>
    fc.assert(
      fc.property(anyText('alice', 'A', '.', '@', '+', '-', '#', '0', '/', '\0', '\u212a', '%'), (text) => {
        try {
          assert.deepEqual(parseUserName(toUserName(text)), { name: toUserName(text) })
        } catch (error) {
          assert.ok(error instanceof BatchwayError && error.code === 'invalid_choice')
        }
      }),
    ))
  it('by rules of any site: the rule is refused, or maps the whole subject', () =>
    fc.assert(
      fc.property(
        anyText('{a}', '{b}', '@', '.', '*', '(', '[', '\\', 'x'),
        anyText('{a}', '{b}', '$1', '$&', 'x'),
        anyText('alice', '@', '.', 'x'),
        (from, to, subject) => {
          try {
            const found = nameRules([{ from, to }])(subject)
            if (found !== null && !/\{[a-z]\w*\}/i.test(from)) assert.equal(subject.toLowerCase(), from.toLowerCase())
          } catch (error) {
            assert.ok(error instanceof TypeError)
          }
        },
      ),
    ))
  it('in a table: what we wrote in quotes reads back', () =>
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~]{1,30}$/).filter((text) => text.trim() !== ''),
        fc.stringMatching(/^[a-z]{1,8}$/),
        (subject, name) => {
          const line = `"${subject.replace(/["\\]/g, '\\$&')}" ${name}`
          assert.equal(parseNameTable(line).names.get(subject.toLowerCase()), name)
        },
      ),
    ))
})

describe('claims', () => {
  const rules = fc.record({
    separator: fc.constantFrom(';', ',', '|'),
    listSeparator: fc.constantFrom(null, ',', ' '),
    claims: fc.constantFrom<readonly string[] | 'key=value' | null>(null, 'key=value', ['a', '', 'b'], ['__proto__']),
  })
  it('of a front server are lists of texts without blanks at their ends, under the names that the site gave', () =>
    fc.assert(
      fc.property(anyText(';', ',', '=', ' ', 'groups', '__proto__=x', 'constructor=y'), rules, (text, how) => {
        const claims = parseUserData(text, how)
        for (const [name, texts] of Object.entries(claims)) {
          assert.ok(
            texts.length > 0 && texts.every((each) => each !== '' && each === each.trim() && text.includes(each)),
          )
          if (how.claims === null) assert.equal(name, 'data')
          else if (how.claims !== 'key=value') assert.ok(how.claims.includes(name))
        }
        assert.equal(Object.getPrototypeOf(claims), Object.prototype)
      }),
    ))
  it('of a provider are lists of short texts, whatever it told', () =>
    fc.assert(
      fc.property(
        fc.dictionary(anyText('sub', 'groups', 'a.b', 'aud', '__proto__'), json),
        fc.dictionary(
          fc.constantFrom('x', 'groups'),
          anyText('groups', 'a', '.', 'b', '__proto__', 'constructor', 'length'),
        ),
        (told, named) => {
          const claims = toClaims(told, named)
          for (const [name, texts] of Object.entries(claims)) {
            assert.ok(Object.hasOwn(named, name) || /^[\w.:/-]{1,128}$/.test(name))
            assert.ok(texts.every((each) => typeof each === 'string' && each !== '' && each.length <= 1_024))
          }
          for (const path of Object.values(named)) {
            const name = nameAt(told, path)
            assert.ok(name === null || (name === valueAt(told, path) && name.length <= 255))
            assert.notEqual(typeof valueAt(told, path), 'function', 'nothing that every object has')
          }
        },
      ),
    ))
  it('are texts, or nothing', () =>
    fc.assert(fc.property(json, (value) => assert.ok(toTexts(value).every((each) => typeof each === 'string')))))
  it('of errors: nothing of a provider’s own words is repeated', () =>
    fc.assert(
      fc.property(
        anyText('access_denied', 'invalid_grant', 'x', '\n'),
        anyText('ECONNREFUSED', '\x1b'),
        fc.boolean(),
        (error, code, isType) => {
          const thrown = Object.assign(isType ? new TypeError('secret words') : new Error('secret words'), {
            error,
            code,
          })
          assert.match(causeOf(thrown), /^[A-Za-z_ ]+$/)
          assert.doesNotMatch(refusalOf(thrown).message, /secret words/)
          assert.equal(isEnded(thrown), error === 'invalid_grant')
        },
      ),
    ))
  it('of a sign-out that nobody signed end nothing', () =>
    fc.assert(
      fc.asyncProperty(anyText('.', 'eyJhbGciOiJub25lIn0', 'e30', 'eyJhbGciOiJIUzI1NiJ9', '-', '_'), async (text) => {
        const keys = () => Promise.reject(new Error('no key was to be asked for'))
        const read = await readLogoutToken(text, keys, { issuer: 'i', clientId: 'c', nowMs: 0 }).catch(
          (error: unknown) => String(error),
        )
        assert.ok(read === null || read === 'Error: no key was to be asked for')
      }),
    ))
})

describe('saslauthd', () => {
  it('answers right, wrong, no account, not yet, or nothing that counts', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          anyText('OK', 'NO', ' PAM ', 'acct error', '\0').map((text) => {
            const body = Buffer.from(text)
            const head = Buffer.alloc(2)
            head.writeUInt16BE(body.length)
            return Buffer.concat([head, body])
          }),
        ),
        (bytes) => {
          try {
            const answer = decodeAnswer(Buffer.from(bytes))
            if (answer?.kind === 'right') assert.match(Buffer.from(bytes).subarray(2).toString('latin1'), /^OK(\0| |$)/)
          } catch (error) {
            assert.ok(error instanceof NoAnswer)
          }
        },
      ),
    ))
  it('is asked so that no two questions share their bytes', () => {
    const text = anyText('a', '\0', 'ä', 'x'.repeat(300))
    fc.assert(
      fc.property(fc.record({ username: text, password: text, service: text }), (question) => {
        const { username, password, service } = question
        if (![username, password, service].every(isAskable)) {
          assert.throws(() => encodeQuestion(question), RangeError)
          return
        }
        let rest = encodeQuestion(question)
        for (const part of [username, password, service, '']) {
          const length = rest.readUInt16BE()
          assert.deepEqual(rest.subarray(2, 2 + length), Buffer.from(part))
          rest = rest.subarray(2 + length)
        }
        assert.equal(rest.length, 0)
      }),
    )
  })
})

describe('what is written down', () => {
  it('of an entry is short and printable; a thing that has no action is none', () =>
    fc.assert(
      fc.property(anyText('\x1b[31m', '\u202e', 'a'.repeat(400), '0123456789abcdef0123456789abcdef'), (text) => {
        const entry = toAuditEntry(
          { actor: text, action: 'sign-in', object: text, address: text, way: text, detail: text },
          0,
        )
        for (const words of [entry.actor, entry.object, entry.address, entry.way, entry.detail]) {
          assert.ok(words.length <= 256)
          assert.doesNotMatch(words, /[\p{Cc}\p{Cf}]/u)
          assert.equal(auditText(words, 256), words)
        }
        if (isAuditAction(text)) assert.match(text, /^[a-z-]+$/)
        if (isStrongToken(text)) assert.ok(isPlausible(text))
      }),
    ))
})

describe('claims that an administrator types', () => {
  it('are values of the text under names of the text, or a line that is told', () =>
    fc.assert(
      fc.property(anyText('groups', '=', '\n', '\r\n', ' ', '__proto__', 'constructor'), (text) => {
        const read = parseClaims(text)
        if ('wrong' in read) return assert.ok(text.includes(read.wrong) && read.wrong.trim() !== '')
        for (const [name, values] of Object.entries(read.claims)) {
          assert.ok(name !== '' && text.includes(name) && values.length > 0)
          for (const value of values) assert.ok(text.includes(value) && value === value.trim())
        }
      }),
    ))
})

describe('long texts', () => {
  // What took the square of their length would take hours: the runner's limit ends it.
  it('are read in one go, however they repeat', () => {
    const map = nameRules([{ from: '{a}@{b}.edu', to: '{a}' }])
    for (const shape of [' ', ';', '=', '!', '/', '.', '@', '"', '\\', '\\"', '-', 'a', 'a ', 'a=', '\n', '1a', ','])
      for (const start of ['', '"', 'servers!server=', 'OK ']) {
        const text = `${start}${shape.repeat(300_000 / shape.length)}!`
        for (const read of [parseScope, parseUserName, parseNameTable, parseClaims, isPlausible]) read(text)
        map(text.slice(0, 1_024))
        auditText(text, 256)
        parseUserData(text, { separator: ';', listSeparator: ',', claims: 'key=value' })
      }
  })
})

/** What browsers, programs and administrators write, as the rooms above get to see it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigError } from './config-error.ts'
import { parseCookies, serializeCookie } from './cookies.ts'
import { escapeName, isServerName, serverPath } from './http.ts'
import { validateNext } from './next-url.ts'
import { parseConfig } from './parse-config.ts'
import { openSealedText, sealText } from './sealed-text.ts'
import { anyText } from './testing/any-text.ts'
import { parseWireTime, toWireTime } from './times.ts'
import { parseDuration, parseMemory } from './units.ts'
import { checkXsrf, issueXsrf, isXsrfValid } from './xsrf.ts'

describe('where to go next', () => {
  const base = '/jupyter/'
  const origin = 'https://hub.example'
  const next = anyText(
    '/',
    '/jupyter/',
    '//',
    '\\',
    '..',
    '.',
    '%2e',
    '%2f',
    '%5C',
    '?',
    '#',
    '@',
    ':',
    'https:',
    origin,
    'HTTPS://HUB.EXAMPLE',
    'evil',
    '\t',
    '\n',
    '%00',
    'javascript:',
    'ä',
  )
  it('is a path below the base, for every browser that resolves it', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          next,
          next.map((text) => `/jupyter/${text}`),
        ),
        (text) => {
          const path = validateNext(text, base, [origin])
          if (path === null) return
          assert.ok(path.startsWith(base))
          assert.doesNotMatch(path, /[\u0000-\u0020\u007f\\]|^\/\//)
          const there = new URL(path, `${origin}/anywhere`)
          assert.equal(there.origin, origin)
          assert.ok(there.pathname.startsWith(base))
          // Whoever decodes it once more before looking does not leave either.
          assert.equal(new URL(there.pathname.replace(/%2e/gi, '.'), origin).origin, origin)
          assert.equal(validateNext(path, base, [origin]), path)
        },
      ),
    ))
})

describe('cookies', () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]{1,12}$/)
  it('that we write are read back as they were, among any others', () =>
    fc.assert(
      fc.property(
        token,
        fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,20}$/),
        anyText(';', '=', '"', ' '),
        (name, value, other) => {
          const [pair = ''] = serializeCookie({ name, value, path: '/', secure: false, httpOnly: true }).split(';')
          assert.equal(parseCookies(`${pair}; ${other}`).get(name)?.[0], value)
          assert.ok(parseCookies(`${other}; ${pair}`).get(name)?.includes(value))
        },
      ),
    ))
  it('that would break out of their line are a TypeError', () =>
    fc.assert(
      fc.property(anyText(';', '\n', '\r', '=', ',', ' ', 'ä'), anyText('/', ';', '\n'), (text, path) => {
        try {
          const line = serializeCookie({ name: 'a', value: text, path: `/${path}`, secure: true, httpOnly: true })
          assert.match(line, /^a=[^;\s,"\\]*; Path=\/[^;\n\r]*; HttpOnly; Secure; SameSite=Lax$/)
        } catch (error) {
          assert.ok(error instanceof TypeError)
        }
      }),
    ))
})

describe('quantities and times', () => {
  const text = anyText(
    '1',
    '99999',
    'd',
    'h',
    'm',
    's',
    ':',
    '-',
    '.',
    'G',
    'iB',
    ' ',
    '2026-01-31',
    'T',
    '12:00',
    'Z',
    '+02:00',
    ',5',
  )
  it('are numbers or nothing', () =>
    fc.assert(
      fc.property(text, (words) => {
        for (const number of [parseDuration(words), parseMemory(words)])
          assert.ok(number === null || (Number.isSafeInteger(number) && number >= 0))
        const ms = parseWireTime(words)
        if (ms !== null) assert.equal(parseWireTime(toWireTime(ms)), ms)
      }),
    ))
})

describe('names in addresses', () => {
  const name = fc.string({ unit: 'grapheme' }).map((text) => text.toWellFormed())
  it('no two names share a path, and none adds a segment', () =>
    fc.assert(
      fc.property(name, name, (one, other) => {
        assert.equal(decodeURIComponent(escapeName(one)), one)
        assert.match(escapeName(one), /^[\w.~@%-]*$/)
        if (one !== other) assert.notEqual(serverPath('/', 'alice', one), serverPath('/', 'alice', other))
      }),
    ))
  it('of servers are harmless or refused', () =>
    fc.assert(
      fc.property(
        anyText('.', '..', '-', '_', 'a', '/', '\n'),
        (text) => void (isServerName(text) && assert.match(text, /^[^\W_][\w.-]{0,31}$/)),
      ),
    ))
})

describe('what we sealed or signed', () => {
  const key = Buffer.alloc(32, 7)
  const iv = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes))
  const words = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.toWellFormed())
  it('opens as it was, in its context alone, and not with a single bit changed', () =>
    fc.assert(
      fc.property(words, words, words, iv, fc.nat(), (context, other, text, bytes, at) => {
        const sealed = sealText(key, context, text, bytes)
        assert.equal(openSealedText(key, context, sealed), text)
        if (context !== other) assert.equal(openSealedText(key, other, sealed), null)
        const changed = Buffer.from(sealed, 'base64url')
        const place = at % changed.length
        changed[place] = (changed[place] ?? 0) ^ (1 << (at % 8))
        assert.equal(openSealedText(key, context, changed.toString('base64url')), null)
      }),
    ))
  it('is nothing else that a stranger makes up', () =>
    fc.assert(
      fc.property(anyText('.', '-', '_', 'A'.repeat(43), 'a'.repeat(16)), (text) => {
        assert.equal(openSealedText(key, '', text), null)
        assert.equal(isXsrfValid('key', 'anonymous', text, 0), false)
      }),
    ))
  it('a form token holds for one browser and one time', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), words, words, (now, one, other) => {
        const token = issueXsrf('key', one, 'a'.repeat(16), now)
        assert.ok(isXsrfValid('key', one, token, now))
        if (one !== other) assert.ok(!isXsrfValid('key', other, token, now))
        assert.ok(!isXsrfValid('key', one, token, now + 32 * 86_400_000))
      }),
    ))
  it('without a token no form and no program by cookie passes, whatever else it says', () =>
    fc.assert(
      fc.property(
        fc.constantFrom('POST', 'PUT', 'DELETE', 'PATCH', 'post', 'x'),
        fc.dictionary(
          fc.constantFrom('origin', 'sec-fetch-site', 'sec-fetch-mode', 'x-xsrftoken', 'referer'),
          anyText('same-origin', 'navigate', 'http://hub.example'),
        ),
        anyText('a', '.'),
        (method, said, submitted) => {
          const request = {
            method,
            headers: { get: (name: string) => said[name] ?? null },
            cookies: parseCookies(`_xsrf=${submitted}`),
            submitted,
          }
          assert.notEqual(
            checkXsrf(request, {
              key: 'key',
              binding: 'sign-in:1',
              nowMs: 0,
              origins: ['http://hub.example'],
              kind: 'page',
            }),
            null,
          )
        },
      ),
    ))
})

describe('a configuration', () => {
  const json = fc.json({ maxDepth: 4 }).map((text): unknown => JSON.parse(text))
  const keys = [
    'url',
    'listen',
    'signIn',
    'clusters',
    'profiles',
    'applications',
    'people',
    'admins',
    'hub',
    'proxy',
    'accounts',
    'roles',
    'customScopes',
    '__proto__',
    'constructor',
  ]
  const half: fc.Arbitrary<unknown> = fc.dictionary(
    fc.constantFrom(...keys),
    fc.oneof(
      json,
      fc.array(json, { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'type', 'driver', 'cluster', 'application', 'key', '__proto__'), json),
    ),
  )
  it('of any shape is read, or is a ConfigError with words for each problem', () =>
    fc.assert(
      fc.property(fc.oneof(half, json), (raw) => {
        try {
          parseConfig(raw, 'file')
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error))
          assert.ok(error.message.includes('file'))
        }
      }),
    ))
})

describe('long texts', () => {
  // What took the square of their length would take hours: the runner's limit ends it.
  it('are read in one go, however they repeat', () => {
    for (const shape of [' ', ';', '=', '"', '/', '%41', '.', '1', '1d', ':', '-', '\\', 'a', 'a.', ',', '\n'])
      for (const start of ['', 'x=', '/jupyter/', '1.', 'a'.repeat(5)]) {
        const text = `${start}${shape.repeat(300_000 / shape.length)}!`
        for (const read of [parseCookies, parseDuration, parseMemory, parseWireTime, isServerName, escapeName])
          read(text)
        validateNext(text, '/jupyter/')
        openSealedText(Buffer.alloc(32), '', text)
        isXsrfValid('key', '', text, 0)
      }
  })
})

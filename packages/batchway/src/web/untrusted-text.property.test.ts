/** What browsers and the proxy tell the pages. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseCookies } from '../core/cookies.ts'
import { anyText } from '../core/testing/any-text.ts'
import { kindOfVisit, readAttested } from './front-visit.ts'
import { hubPaths } from './hub-paths.ts'
import { readStart, startCookie } from './start-memory.ts'
import { webBench } from './testing/web-bench.ts'
import { htmlProblems } from './theme/check-html.ts'
import { parseThemeFile } from './theme/theme-file.ts'
import { networkOf, tryLimit } from './try-limit.ts'

/** Header values as Node takes them from the wire. */
const latin = (text: string): string => text.replace(/[^\x20-\x7e\x80-\xff]/g, '')
const paths = hubPaths('/')

describe('who the proxy says is there', () => {
  const said = fc.dictionary(
    fc.constantFrom('x-batchway-front', 'x-batchway-user', 'x-batchway-user-data'),
    anyText('yes', 'no', '%61', '%', 'alice', '%ff'),
  )
  it('is a name, or nobody', () =>
    fc.assert(
      fc.property(said, (headers) => {
        const read = readAttested({ get: (name) => headers[name] ?? null })
        if (read === null) return
        assert.equal(headers['x-batchway-front'], 'yes')
        assert.equal(read.user, decodeURIComponent(headers['x-batchway-user'] ?? ''))
      }),
    ))
  it('is looked up again for every path that a cookie of the hub is sent to, however it is written', () =>
    fc.assert(
      fc.property(
        anyText('/', 'hub', 'api', 'static', '..', 'logo', 'logout', 'health'),
        fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
        (text, method) => {
          const { pathname } = new URL(`http://h/hub/${text}`)
          const kind = kindOfVisit(method, pathname, { get: () => null }, paths)
          if (kind === 'unseen' && pathname.startsWith('/hub/'))
            assert.match(pathname, /^\/hub\/(static\/|logo$|favicon\.ico$|health$|security\/csp-report$)/)
          if (kind === 'page') assert.equal(method, 'GET')
        },
      ),
    ))
})

describe('addresses that tries are counted by', () => {
  it('are one for a household and bounded in length, whatever was forwarded', () =>
    fc.assert(
      fc.property(anyText(':', '::', '2001:db8', '%', 'ffff', '10.0.0.1', '::ffff:'), (text) => {
        const network = networkOf(text)
        assert.ok(network.length <= text.length + 16)
        assert.equal(networkOf(network), network.includes(':') ? networkOf(network) : network)
        assert.ok(tryLimit({ tries: 1, everyMs: 1_000, addresses: 2 }, () => 0).take(text) === 0)
      }),
    ))
  it('of one network are one, in any spelling', () =>
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
        const plain = (text: string) => new URL(`http://[${text}]/`).hostname.slice(1, -1)
        const isDotted = (text: string) => text.includes('.')
        if (isDotted(one) || isDotted(other)) return
        assert.equal(networkOf(plain(one)), networkOf(one))
      }),
    ))
})

describe('what a browser keeps on its way to a provider', () => {
  const seal = { key: Buffer.alloc(32, 1), iv: () => Buffer.alloc(12, 2) }
  const settings = { base: '/', publicUrl: 'http://h/' }
  const state = fc.stringMatching(/^[\w-]{32,64}$/)
  it('comes back for the start it was made for, and for no other', () =>
    fc.assert(
      fc.property(
        state,
        state,
        anyText('a', '"', ';').map((text) => text.toWellFormed()),
        (mine, other, memory) => {
          const start = { login: 'oidc', state: mine, next: null, memory, at: 1_000 }
          const [pair = ''] = startCookie(settings, seal, '/hub/', start).split(';')
          assert.deepEqual(readStart(seal.key, parseCookies(pair), { login: 'oidc', state: mine, nowMs: 2_000 }), start)
          assert.equal(readStart(seal.key, parseCookies(pair), { login: 'x', state: mine, nowMs: 2_000 }), null)
          if (mine !== other)
            assert.equal(
              readStart(seal.key, parseCookies(pair.replace(mine, other)), {
                login: 'oidc',
                state: other,
                nowMs: 2_000,
              }),
              null,
            )
          assert.equal(readStart(seal.key, parseCookies(pair), { login: 'oidc', state: mine, nowMs: 1_000_000 }), null)
        },
      ),
    ))
  it('is nothing, if a stranger makes it up', () =>
    fc.assert(
      fc.property(anyText('=', ';', 'batchway-start-'), state, (text, mine) =>
        assert.equal(readStart(seal.key, parseCookies(text), { login: 'oidc', state: mine, nowMs: 0 }), null),
      ),
    ))
})

describe('the pages', () => {
  const where = fc.tuple(
    fc.constantFrom(
      '/',
      '/hub/',
      '/hub/login',
      '/hub/login/link',
      '/hub/logout',
      '/hub/home',
      '/hub/spawn',
      '/hub/spawn/alice',
      '/hub/sessions',
      '/hub/user/alice',
      '/hub/user-redirect',
      '/hub/preferences',
      '/hub/error',
      '/hub/oauth_callback',
      '/hub/security/csp-report',
      '/user/bob',
    ),
    anyText(
      '/',
      '?',
      '&',
      'next=',
      'key=',
      'state=',
      'redirects=',
      'profile=',
      'out=',
      '%',
      '%00',
      '%ff',
      '..',
      '//',
      '999',
      '{{',
      '<',
    ),
  )
  const fields = fc.dictionary(
    fc.constantFrom(
      'username',
      'password',
      'key',
      '_xsrf',
      'next',
      'profile',
      'theme',
      '_server',
      '_action',
      'cores',
      'memory',
      'walltime',
      '__proto__',
    ),
    anyText('alice', '%', '\0', '9'.repeat(40), '-1', '1e9', '//evil', '<script>', '{{x}}'),
  )
  it('answer anybody and the signed-in without a failure of ours, whatever the address and the form say', async () => {
    const bench = webBench()
    const alice = await bench.signedIn('alice')
    const cookie = [...alice.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
    await fc.assert(
      fc.asyncProperty(
        where,
        fields,
        fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE', 'PUT'),
        fc.boolean(),
        async ([start, more], form, method, isSignedIn) => {
          const path = new URL(`http://hub.test${start}${latin(more)}`)
          if (path.host !== 'hub.test') return
          const body = method === 'POST' || method === 'PUT' ? new URLSearchParams(form) : null
          const headers = {
            accept: 'text/html',
            'sec-fetch-mode': 'navigate',
            'sec-fetch-site': 'same-origin',
            ...(isSignedIn && { cookie }),
          }
          const answer = await bench.app.request(path, { method, headers, body })
          const text = await answer.text()
          // A session that the proxy has no route for although it should: the words that say so are the answer.
          assert.ok(
            answer.status < 500 || text.includes('batchway.redirect_loop') || start === '/hub/error',
            `${method} ${path}: ${answer.status}`,
          )
          const location = answer.headers.get('location')
          if (location !== null) assert.equal(new URL(location, 'http://hub.test/').origin, 'http://hub.test')
          assert.doesNotMatch(text, /<script>/)
        },
      ),
    )
  })
})

describe('a theme', () => {
  it('is read to the end whatever its file says, and what is taken has the form it must have', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc
            .dictionary(
              fc.constantFrom('title', 'links', 'colours', 'shape', 'messages', 'logo', '__proto__'),
              fc.jsonValue(),
            )
            .map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const { file, colours } = parseThemeFile(text)
          for (const own of Object.values(colours))
            for (const value of Object.values(own)) assert.match(value, /^#[0-9a-f]{6}$/)
          for (const value of Object.values(file.messages)) assert.equal(typeof value, 'string')
        },
      ),
    ))
  it('prints nothing that passes for plain and is read otherwise by its next reader', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(
              '<',
              '>',
              '</',
              '/>',
              '"',
              "'",
              '=',
              ' ',
              'p',
              'a',
              'script',
              'svg',
              'onload',
              'href',
              'style',
              '<!--',
              '<p>',
              '</p>',
              '&lt;',
            ),
            fc.string({ unit: 'binary', maxLength: 4 }),
          ),
          { maxLength: 30 },
        ),
        (pieces) => {
          const html = pieces.join('')
          if (htmlProblems(html).length > 0) return
          // What was let through holds no tag but plain ones, however it is looked for.
          assert.doesNotMatch(html, /<\s*\/?\s*script|<!|<\?/i)
          for (const [, tag = ''] of html.matchAll(/<([^>]*)/g)) assert.doesNotMatch(tag, /\son[a-z]+\s*=|\sstyle\s*=/i)
          assert.equal(htmlProblems(`<div>${html}</div>`).length, 0)
        },
      ),
    ))
})

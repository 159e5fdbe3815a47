/** What visitors, applications and a node's programs say to the agent. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toStep } from './claim.ts'
import {
  applicationHeaders,
  holdsScope,
  isForged,
  isNavigation,
  nextPath,
  parseCookies,
  passableHeaders,
} from './gate-rules.ts'
import { jobGpus, parseGpuUse } from './gpu-meter.ts'
import { readJupyterState } from './jupyter-activity.ts'
import { openOutputTap } from './output-tap.ts'
import { listenerIn } from './port-owner.ts'
import { parseStat } from './process-table.ts'
import { redact } from './redact.ts'
import { shellQuote, UnsafeShellValue } from './shell-quote.ts'
import { parseTicket, TicketError } from './ticket.ts'

/** Any characters, and those that mean something to a parser. */
const any = (...words: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 14 })
      .map((all) => all.join('')),
  )
const json = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text))
const prefix = '/user/alice/'

describe('the gate', () => {
  const raw = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom('Cookie', 'cookie', 'Authorization', 'Connection', 'Upgrade', 'Expect', 'X'), any('-')),
      any('own=', 'a=1', ';', ' ', 'close', ',', 'cookie', 'token x'),
    ),
    { maxLength: 8 },
  )
  it('hands an application no credential but its own token, and nothing that speaks of one hop', () =>
    fc.assert(
      fc.property(raw, (pairs) => {
        const sent = applicationHeaders(pairs.flat(), (name) => name === 'own', 'apptoken')
        assert.deepEqual(
          sent.filter(([name]) => name.toLowerCase() === 'authorization'),
          [['Authorization', 'token apptoken']],
        )
        for (const [name, value] of sent) {
          assert.ok(!['connection', 'upgrade', 'expect'].includes(name.toLowerCase()))
          if (name.toLowerCase() === 'cookie')
            for (const piece of value.split(';')) assert.notEqual(piece.split('=')[0]?.trim(), 'own')
        }
        const passed = passableHeaders(pairs.flat())
        assert.deepEqual(passableHeaders(passed.flat()), passed)
      }),
    ))
  it('sends people on to a path below the application, for every browser that resolves it', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          any('/', '//', '\\', '..', '%2e', '?', '#', '@', 'evil', ':', '\t'),
          any('/', '..', '%2e', '?', '\\').map((text) => prefix + text),
        ),
        (text) => {
          const path = nextPath(text, prefix)
          const there = new URL(path, 'http://here.invalid/x')
          assert.equal(there.host, 'here.invalid')
          assert.ok(`${there.pathname}/`.startsWith(prefix))
          assert.doesNotMatch(path, /[\x00-\x20\x7f\\]/)
        },
      ),
    ))
  it('judges any headers, and lets no form of another site through', () =>
    fc.assert(
      fc.property(
        any('http://', 'gate.invalid', ':', '/', 'null', prefix),
        any('cross-site', 'same-origin', 'x'),
        fc.constantFrom('GET', 'POST', 'HEAD', 'x'),
        fc.boolean(),
        (text, site, method, isUpgrade) => {
          const headers = {
            host: 'gate.invalid',
            origin: text,
            referer: text,
            'sec-fetch-site': site,
            'x-forwarded-host': undefined,
            accept: text,
          }
          const forged = isForged(method, headers, prefix, isUpgrade)
          assert.equal(typeof isNavigation(method, headers), 'boolean')
          if (method === 'POST' && (site === 'cross-site' || URL.parse(text)?.host !== 'gate.invalid'))
            assert.ok(forged)
        },
      ),
    ))
  it('reads cookies, the last of a name, and scopes to the letter', () =>
    fc.assert(
      fc.property(
        any('a=', ';', '=', ' ', '__proto__='),
        any('access:servers', '!server=alice/', '!user=alice', 'x'),
        (line, scope) => {
          for (const [name, value] of parseCookies(line)) assert.ok(line.includes(name) && line.includes(value))
          const wanted = 'access:servers!server=alice/'
          if (holdsScope([scope], [wanted]))
            assert.ok([wanted, 'access:servers', 'access:servers!user=alice'].includes(scope))
        },
      ),
    ))
})

describe('the ticket and the hub’s answers', () => {
  it('a ticket is whole or a TicketError that quotes nothing of it', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          any('{', '"secret":"topsecretvalue"', '}', ','),
          fc
            .record(
              {
                protocol: json,
                session: json,
                attempt: json,
                secret: fc.constant('topsecretvalue'),
                hubUrl: any('http://', 'a', '/'),
                hubPatienceSeconds: json,
              },
              { requiredKeys: [] },
            )
            .map((each) => JSON.stringify(each)),
        ),
        (text) => {
          try {
            const { protocol, attempt, hubUrl } = parseTicket(text)
            assert.ok(protocol >= 0 && attempt >= 0 && !hubUrl.endsWith('/'))
          } catch (error) {
            assert.ok(error instanceof TicketError)
            assert.doesNotMatch(error.message, /topsecretvalue/)
          }
        },
      ),
    ))
  it('an answer to a claim wins, loses, waits or refuses, in printable words', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(json, fc.record({ code: any('later', 'ended'), message: any('\x1b', '\n') })),
        (status, body) => {
          const step = toStep(status, body)
          assert.notEqual(step.kind, 'won', 'none of these is a whole claim')
          if ('message' in step) assert.doesNotMatch(step.message, /[\x00-\x1f\x7f]/)
        },
      ),
    ))
})

describe('what a node’s programs and the kernel print', () => {
  const text = any('0100007F', ':', '1F90', ' ', '0A', '\n', ')', '12', ',', '[N/A]', '99.5', 'GPU-', '0')
  it('is read or left out', () =>
    fc.assert(
      fc.property(text, json, json, (printed, status, kernels) => {
        for (const { percent, memoryBytes } of parseGpuUse(printed))
          for (const number of [percent, memoryBytes]) assert.ok(number === null || number >= 0)
        for (const id of jobGpus({ CUDA_VISIBLE_DEVICES: printed })) assert.match(id, /^[\w-]+$/)
        const listener = listenerIn(['heading', ...printed.split('\n')], 8_080)
        assert.ok(listener === null || typeof listener.inode === 'string')
        const stat = parseStat(1, printed)
        assert.ok(stat === null || typeof stat.start === 'string')
        const state = readJupyterState(status, kernels)
        assert.ok(state === null || typeof state.lastActivity === 'string')
      }),
    ))
})

describe('secrets', () => {
  it('are in no line that is kept or passed on, however the output is cut', () =>
    fc.assert(
      fc.property(
        fc.array(any('topsecretvalue', 'topsecret', 'value', '\n', 'x'.repeat(3_000)), { maxLength: 10 }),
        (chunks) => {
          const secrets = ['topsecretvalue']
          let passed = ''
          const tap = openOutputTap(secrets, (lines) => {
            passed += lines
          })
          const stream = tap.stream()
          for (const chunk of chunks) stream.write(Buffer.from(chunk))
          stream.end()
          assert.ok(!passed.includes('topsecretvalue') && !tap.lines().join('\n').includes('topsecretvalue'))
          assert.ok(!redact(chunks.join(''), secrets).includes('topsecretvalue'))
        },
      ),
    ))
  it('and other values are one word of a shell, or refused', () =>
    fc.assert(
      fc.property(any("'", '"', '$(x)', '`', '\\', ' ', '\n', '\0'), (value) => {
        try {
          const word = shellQuote(value)
          assert.equal(word.slice(1, -1).replaceAll("'\\''", "'"), value)
          assert.match(word, /^'(?:[^']|'\\'')*'$/)
        } catch (error) {
          assert.ok(error instanceof UnsafeShellValue)
        }
      }),
    ))
})

describe('texts of 200,000 characters', () => {
  // What took the square of their length would take minutes: the runner's limit ends it.
  it('are read in one go, however they repeat', () => {
    for (const shape of [' ', ';', '=', '/', ':', '\n', ',', '0', ')', '%', '\\', 'a'])
      for (const start of ['', 'a=', '/user/alice/', '{"hubUrl":"http://a']) {
        const text = `${start}${shape.repeat(200_000)}!`
        for (const read of [parseCookies, parseGpuUse]) read(text)
        listenerIn([text], 8_080)
        parseStat(1, text)
        nextPath(text, prefix)
        applicationHeaders(['Cookie', text, 'Connection', text], () => false, 't')
        jobGpus({ CUDA_VISIBLE_DEVICES: text })
        assert.throws(
          () =>
            parseTicket(
              JSON.stringify({
                protocol: 1,
                session: 's',
                attempt: 1,
                secret: 'x',
                hubUrl: text,
                hubPatienceSeconds: 'x',
              }),
            ),
          TicketError,
        )
      }
  })
})

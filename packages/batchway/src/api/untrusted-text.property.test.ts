/** What programs and agents send to the API. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchwayError } from '../core/errors.ts'
import { anyText } from '../core/testing/any-text.ts'
import { checkServerName } from '../sessions/named-servers.ts'
import { isCovered } from './access.ts'
import {
  ClaimBody,
  maxLogCharacters,
  maxLogLines,
  ReportBody,
  toClaimRequest,
  toReport,
  trimLog,
} from './agent-messages.ts'
import { bearerOf } from './authenticate.ts'
import { readJson } from './read-json.ts'
import { toUserOptions } from './server-routes.ts'
import { parseShareCodeId } from './share-models.ts'

const json = fc.json({ maxDepth: 3 }).map((text): unknown => JSON.parse(text))
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e308, -0, 0.5, 2 ** 53, Number.MIN_VALUE), json)

const post = (body: string | Uint8Array<ArrayBuffer>) => new Request('http://h/', { method: 'POST', body })

describe('a JSON body', () => {
  it('is what it says, or a bad request: never a prototype, never a failure of ours', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.json(), anyText('{', '}', '[', '"__proto__":', '"a":', '1', ',', '\ufeff', '\\ud800', '"')),
        async (text) => {
          try {
            const read = await readJson(post(text), 10_000)
            assert.equal(
              JSON.stringify(read),
              text === '' ? 'null' : JSON.stringify(JSON.parse(text.replace(/^\ufeff/, ''))),
            )
          } catch (error) {
            assert.ok(error instanceof BatchwayError && error.code === 'bad_request', String(error))
          }
        },
      ),
    ))
  it('of bytes that are no UTF-8, or that nests without end, is a bad request', async () => {
    for (const body of [
      new Uint8Array([0x22, 0xff, 0x22]),
      '['.repeat(200_000),
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    ])
      await assert.rejects(readJson(post(body), 2_000_000), { code: 'bad_request' })
  })
  it('that can be read can be written again: what is stored is never too deep', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30_000 }), async (levels) => {
        const read = await readJson(post(`${'['.repeat(levels)}${']'.repeat(levels)}`), 100_000).catch(() => null)
        JSON.stringify(read)
      }),
      { numRuns: 20 },
    ))
})

describe('an agent’s messages', () => {
  const word = anyText('1234', 'b00', '_', '.', '\n', '<', "'")
  const claim = fc.record(
    {
      protocol: number,
      session: word,
      attempt: number,
      nonce: fc.oneof(word, fc.constant('0'.repeat(32))),
      jobId: word,
      restart: number,
      node: word,
      uid: number,
      agentVersion: word,
      munge: fc.oneof(word, json),
    },
    { requiredKeys: [] },
  )
  it('claim what a command line and a log can hold, or do not fit', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          claim,
          fc.record({
            protocol: fc.constant(1),
            session: word,
            attempt: fc.constant(1),
            nonce: fc.constant('0'.repeat(32)),
            jobId: word,
            restart: fc.constant(0),
            node: word,
            uid: fc.constant(1),
            agentVersion: word,
          }),
        ),
        (body) => {
          const read = ClaimBody.safeParse(body)
          if (!read.success) return
          const { session, jobId, node } = toClaimRequest(read.data)
          for (const text of [session, jobId, node]) assert.match(text, /^[\w.@:+[\]#%-]{1,255}$/)
        },
      ),
    ))

  const usage = fc.record({ cpuSeconds: number, memoryBytes: number, memoryPeakBytes: number })
  const report = fc.record({
    type: fc.constantFrom('listening', 'ready', 'heartbeat', 'exit', 'x'),
    state: fc.constantFrom('starting', 'ready', 'x'),
    host: fc.constantFrom('node1', 'a b'),
    port: fc.oneof(fc.constant(80), number),
    pid: fc.oneof(fc.constant(2), number),
    startedMs: number,
    usage: fc.oneof(usage, fc.constant({ cpuSeconds: 1, memoryBytes: null, memoryPeakBytes: 2 })),
    lastActivityAt: fc.oneof(number, fc.double({ min: 0, noNaN: true })),
    leftSeconds: fc.oneof(number, fc.double({ min: 0, noNaN: true })),
    connections: fc.oneof(fc.constant(1), number),
    why: fc.constantFrom('application', 'stopped', 'x'),
    exitCode: fc.oneof(fc.constant(null), number),
    signal: fc.constantFrom(null, 'SIGTERM', 'SIG\n'),
    log: fc.array(anyText('\x1b[31m', '\r', 'x'.repeat(9_000), '\u202e'), { maxLength: 30 }),
    message: anyText('\x1b]0;x\x07', '\n', 'x'.repeat(5_000)),
  })
  it('report numbers that a database and a clock can hold, and text without control characters, or do not fit', () =>
    fc.assert(
      fc.property(report, (body) => {
        const read = ReportBody.safeParse(body)
        if (!read.success) return
        const told = toReport(read.data)
        if (told.type === 'heartbeat' && told.lastActivityAt !== null)
          // The column is one of whole numbers, and one that does not fit keeps all others from being written.
          assert.ok(Number.isSafeInteger(told.lastActivityAt), `lastActivityAt ${told.lastActivityAt}`)
        if (told.type !== 'exit') return
        assert.doesNotMatch(told.message, /[^\P{Cc}\t\n]/u)
        assert.ok(told.message.length <= 4_096)
        for (const line of told.log) assert.doesNotMatch(line, /[^\P{Cc}\t\n]/u)
      }),
    ))
  it('keep the end of a log within its limits', () =>
    fc.assert(
      fc.property(fc.array(anyText('\x1b[0m', 'x'.repeat(9_000)), { maxLength: 300 }), (lines) => {
        const kept = trimLog(lines)
        assert.ok(kept.length <= maxLogLines && kept.join('\n').length <= maxLogCharacters)
        assert.deepEqual(trimLog(kept), kept)
      }),
    ))
})

describe('what a request says besides', () => {
  it('a credential is one word of bounded length', () =>
    fc.assert(
      fc.property(
        anyText('token ', 'Bearer ', 'Basic ', ' ', '\t', 'x'.repeat(600)).map((text) =>
          text.replace(/[^\x20-\x7e]/g, ''),
        ),
        (text) => {
          const read = bearerOf(new Request('http://h/', { headers: { Authorization: text } }))
          if (read !== null) assert.match(read, /^[^\s]{1,512}$/)
        },
      ),
    ))
  it('a server has a harmless name, or is a bad request', () =>
    fc.assert(
      fc.property(anyText('a', '.', '/', '..', '\0'), (name) => {
        try {
          checkServerName(name)
          assert.match(name, /^([^\W_][\w.-]{0,31})?$/)
        } catch (error) {
          assert.ok(error instanceof BatchwayError && error.code === 'bad_request')
        }
      }),
    ))
  it('an id of a share code is a number, or none', () =>
    fc.assert(
      fc.property(anyText('sc_', '1', '0', '9'.repeat(20), '-', '.'), (id) => {
        const number = parseShareCodeId(id)
        if (number !== null) assert.equal(id, `sc_${number}`)
      }),
    ))
  it('options are an object or nothing', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('profile', 'cores', 'display_name', '__proto__'), json), (body) => {
        const options = toUserOptions(body)
        assert.ok(options === null || typeof options === 'object')
      }),
    ))
  it('no name of a user or server reaches a right over another one', () => {
    const name = anyText('alice', 'bob', '/', '!', '=', 'user=', 'server=', '*')
    fc.assert(
      fc.property(name, fc.option(name), (user, server) => {
        const held = new Set(['servers!user=alice', 'servers!server=alice/x'])
        if (isCovered(held, 'servers', { user, server })) assert.equal(user.split('/')[0], 'alice')
        if (isCovered(held, 'servers', { user, server }) && !user.includes('/')) assert.equal(user, 'alice')
      }),
    )
  })
})

describe('long texts', () => {
  // What took the square of their length would take hours: the runner's limit ends it.
  it('are read in one go, however they repeat', () => {
    for (const shape of [' ', 'x', '\x1b[', '\x1b[0', '0;', 'token ', 'MUNGE:', '=', 'a'])
      for (const start of ['', 'token ', '\x1b[', 'MUNGE:']) {
        const text = `${start}${shape.repeat(300_000 / shape.length)}!`
        trimLog([text])
        bearerOf(new Request('http://h/', { headers: { Authorization: text.replace(/[^\x20-\x7e]/g, '') } }))
        ClaimBody.safeParse({
          protocol: 1,
          session: text,
          jobId: text,
          node: text,
          munge: text,
          nonce: text,
          agentVersion: text,
        })
      }
  })
})

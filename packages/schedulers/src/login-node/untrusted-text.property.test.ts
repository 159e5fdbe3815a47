/** What the two ends of a connection to a login node read of each other, and what its administrator wrote: read, or refused in one way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseAnswer, parseHello } from '../ssh/parse-answer.ts'
import { parseAccount } from './look-up-account.ts'
import { NoOrder, parseOrder } from './parse-order.ts'
import { parseRules } from './parse-rules.ts'

const word = fc.constantFrom(
  '',
  '/',
  '/usr/bin/squeue',
  '..',
  '\n',
  '\0',
  '-',
  '#',
  '0',
  'alice',
  '__proto__',
  '\x1b[2J',
  'x'.repeat(5_000),
)
const value = fc.oneof(fc.jsonValue(), word, fc.integer(), fc.constant(Number.MAX_VALUE))
const line = (...types: string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.json({ maxDepth: 3 }),
    fc
      .record(
        {
          type: fc.constantFrom(...types),
          id: fc.oneof(fc.nat(), value),
          execution: value,
          key: value,
          name: value,
          act: fc.oneof(fc.constantFrom('make', 'look', 'remove'), value),
          end: value,
          state: value,
          account: value,
          now: value,
          words: value,
          commands: value,
          protocol: value,
        },
        { requiredKeys: ['type'] },
      )
      .map((fields) => JSON.stringify(fields)),
  )

describe('a line of the other end', () => {
  it('is an order with a number of its own, or none', () =>
    fc.assert(
      fc.property(line('execute', 'abort', 'hold', 'account', 'clock'), (text) => {
        try {
          const { id } = parseOrder(text)
          assert.ok(Number.isSafeInteger(id) && id >= 0)
        } catch (error) {
          assert.ok(error instanceof NoOrder)
        }
      }),
    ))

  it('is an answer to an order, or none', () =>
    fc.assert(
      fc.property(line('ended', 'hold', 'account', 'clock', 'failed'), (text) => {
        const answer = parseAnswer(text)
        if (answer !== null) assert.ok(Number.isSafeInteger(answer.id) && answer.id >= 0)
      }),
    ))

  it('is a greeting whose programs have absolute, printable paths, or none', () =>
    fc.assert(
      fc.property(line('hello'), (text) => {
        for (const { file } of parseHello(text)?.commands ?? []) assert.match(file, /^\/[^\0-\x1f\x7f]*$/)
      }),
    ))
})

describe('what lies on a login node', () => {
  it('is an account with whole numbers, or none: never root by a missing one', () =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.constantFrom('0', '1002', 'x', '-1', '1e3')), { maxLength: 9 }),
        (fields) => {
          const account = parseAccount(fields.join(':'))
          if (account === null) return
          const [, , uid, gid] = fields.join(':').split(':')
          assert.deepEqual(
            [String(account.uid), String(account.gid)],
            [uid, gid].map((each) => String(Number(each))),
          )
          assert.match(`${uid}`, /^\d+$/)
        },
      ),
    ))

  it('are rules that allow absolute paths without "..", and no variable that names code; or the problems, each with its line', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('users', 'itself', 'variable', 'set', 'holds', 'sudo', '#', 'x'),
            fc.oneof(
              word,
              fc.constantFrom('/var/lib/holds', 'A=b', 'LD_PRELOAD', 'PATH=/tmp', 'NODE_OPTIONS=x', '/a/../b'),
            ),
          ),
          { maxLength: 8 },
        ),
        (lines) => {
          let rules: ReturnType<typeof parseRules>
          try {
            rules = parseRules(lines.map((each) => each.join(' ')).join('\n'))
          } catch (error) {
            assert.ok(error instanceof Error && !(error instanceof TypeError))
            return
          }
          for (const path of [...rules.commands.map(({ file }) => file), rules.holds, rules.sudo]) {
            assert.match(path, /^\/[^\0-\x1f\x7f]+$/)
            assert.ok(!path.split('/').includes('..'))
          }
          for (const name of [...rules.variables, ...Object.keys(rules.set)])
            assert.doesNotMatch(name, /^(?:LD_|PATH$|NODE_|BASH_)/)
        },
      ),
    ))
})

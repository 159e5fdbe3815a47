import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type PythonValue, readLiteral, readTokens } from './python-literal.ts'
import { PythonProblem, pythonTokens } from './python-tokens.ts'

const read = (text: string): PythonValue => readLiteral(readTokens(pythonTokens(text)))

describe('Python literals', () => {
  for (const [text, value] of [
    [`'a'`, 'a'],
    [`"it's"`, "it's"],
    [`'a' "b" '''c\nd'''`, 'abc\nd'],
    [`r'\\d+'`, '\\d+'],
    [`'\\x41\\u00e9\\U0001F600\\101\\n\\q'`, 'A\u00e9\u{1f600}A\n\\q'],
    ['0xff', 255],
    ['1_000', 1_000],
    ['0o17', 15],
    ['-2.5e3', -2_500],
    ['True', true],
    ['None', null],
    ['(1)', 1],
    ['(1,)', [1]],
    ['()', []],
    ['[1, (2, "x"),]', [1, [2, 'x']]],
    [
      'dict(a=1, b="2",)',
      new Map<string, PythonValue>([
        ['a', 1],
        ['b', '2'],
      ]),
    ],
    [
      '{"a": {}, \'b\': []}',
      new Map<string, PythonValue>([
        ['a', new Map()],
        ['b', []],
      ]),
    ],
    ['batchspawner.TorqueSpawner', { dotted: 'batchspawner.TorqueSpawner' }],
    ['[ # a comment, with "quotes\n 1, # and ]\n 2 \\\n]', [1, 2]],
    ['dict(__proto__=1)', new Map([['__proto__', 1]])],
  ] as const)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), value))

  for (const [text, words] of [
    ['os.system("id")', /os\.system\(…\): nothing is called here/],
    ['dict([("a", 1)])', /name=value/],
    ['dict(**x)', /name=value/],
    ['dict(a=1, a=2)', /"a" is there twice/],
    ['{"a": 1, "a": 2}', /"a" is there twice/],
    ['{1: 2}', /key of a dict must be text/],
    ['{1, 2}', /must be text/],
    ['{"a"}', /a set is not read/],
    ['[x for x in y]', /nothing is computed/],
    ['"a" % 1', /nothing is computed/],
    ['1 if 2 else 3', /nothing is computed/],
    ['"a".format()', /should|computed|comma/],
    ['f"{x}"', /only plain text/],
    ["b'x'", /only plain text/],
    ['lambda: 1', /value|computed/],
    ['[1 2]', /comma/],
    ['012', /not a number/],
    ['1e_10', /not a number/],
    ['1j', /not a number/],
    ['9007199254740993', /too large/],
    ['1e999', /not a number/],
    ["'abc", /does not end/],
    ['[1', /never closed/],
    ['(1]', /closes nothing/],
    ['"\\N{DASH}"', /escape/],
    ['?', /nothing that Python knows/],
    ['['.repeat(60) + ']'.repeat(60), /nested more than/],
  ] as const)
    it(`refuses ${JSON.stringify(text.slice(0, 30))} with its place`, () => {
      assert.throws(
        () => {
          const reader = readTokens(pythonTokens(text))
          readLiteral(reader)
          const more = reader.peek()
          if (more && more.kind !== 'end') throw new PythonProblem(more, 'computed: something stands after the value')
        },
        (error: unknown) => {
          assert.ok(error instanceof PythonProblem)
          assert.match(error.message, /^line \d+, column \d+: /)
          assert.match(error.message, words)
          return true
        },
      )
    })

  it('comes to an end with a value or with words, whatever the text is', () => {
    const signs = fc.constantFrom(
      '[',
      ']',
      '(',
      ')',
      '{',
      '}',
      ',',
      '=',
      ':',
      "'",
      '"',
      '\\',
      '\n',
      '#',
      'dict',
      'a',
      '1',
      '-',
      ' ',
      'r"',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(signs, { maxLength: 60 }).map((all) => all.join('')),
        ),
        (text) => {
          try {
            read(text)
          } catch (error) {
            assert.ok(error instanceof PythonProblem, String(error))
          }
        },
      ),
    )
  })
})

/** What Python itself says to the same text: equal where both read it, and never a value where Python has none. Needs python3. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type PythonValue, readLiteral, readTokens } from './python-literal.ts'
import { PythonProblem, pythonTokens } from './python-tokens.ts'

const program = `
import ast, json, sys, warnings
warnings.simplefilter('ignore')
def plain(v):
    if isinstance(v, (list, tuple)): return [plain(x) for x in v]
    if isinstance(v, dict):
        if not all(isinstance(k, str) for k in v): raise ValueError
        return {'map': [[k, plain(x)] for k, x in v.items()]}
    if v is None or isinstance(v, (str, bool, int, float)): return v
    raise ValueError
def read(text):
    try: return {'value': plain(ast.literal_eval(text))}
    except Exception: return None
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`

function pythonReads(texts: readonly string[]): ({ readonly value: unknown } | null)[] {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', program], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

const plain = (value: PythonValue): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return { map: [...value].map(([key, one]) => [key, plain(one)]) }
  return value
}

function weRead(text: string): { readonly value: unknown } | null {
  try {
    const reader = readTokens(pythonTokens(text))
    const value = readLiteral(reader)
    const more = reader.peek()
    return more === undefined || (more.kind === 'end' && reader.peek(1) === undefined) ? { value: plain(value) } : null
  } catch (error) {
    assert.ok(error instanceof PythonProblem, String(error))
    return null
  }
}

/** The same texts each time: `SEED=2 node … --test` tries others. */
const seed = Number(process.env.SEED ?? 1)
const word = fc.string({ unit: 'grapheme', maxLength: 12 })
const { value: literal } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    word.map((text) => JSON.stringify(text).replace(/\x7f/g, '\\x7f')),
    word.map((text) => `'${text.replace(/['\\]/g, '\\$&').replace(/[\n\r]/g, '\\n')}'`.replaceAll('\0', '')),
    fc.integer().map(String),
    fc.constantFrom(
      'True',
      'False',
      'None',
      '0x1F',
      '1_0',
      '1.5',
      '-3',
      '()',
      '[]',
      '{}',
      "r'\\d'",
      "'a' 'b'",
      "'''x\ny'''",
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((all) => `[${all.join(', ')}]`),
    fc.array(tie('value'), { maxLength: 4 }).map((all) => `(${all.join(', ')},)`.replace('(,)', '()')),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), tie('value')), {
        maxLength: 3,
        selector: ([key]) => key,
      })
      .map((all) => `{${all.map(([key, one]) => `'${key}': ${one}`).join(', ')}}`),
  ),
}))
const signs = fc.constantFrom(
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  ',',
  ':',
  "'",
  '"',
  '\\',
  'a',
  '1',
  '0',
  '_',
  '-',
  ' ',
  'r',
  'None',
  '.',
  'e',
  'x',
)

describe('Python literals, beside Python', () => {
  it('are the same values', () => {
    const texts = fc.sample(literal, { numRuns: 1_500, seed })
    const theirs = pythonReads(texts)
    assert.ok(theirs.filter((one) => one !== null).length > 1_200, 'control: Python reads most of them')
    for (const [index, text] of texts.entries())
      assert.equal(JSON.stringify(weRead(text)), JSON.stringify(theirs[index]), text)
  })

  it('never have a value where Python has none, or another', () => {
    const texts = fc.sample(
      fc.array(signs, { minLength: 1, maxLength: 8 }).map((all) => all.join('')),
      { numRuns: 20_000, seed },
    )
    const theirs = pythonReads(texts)
    let both = 0
    for (const [index, text] of texts.entries()) {
      const ours = weRead(text)
      // A name alone is a class that the file imported.
      if (ours === null || (typeof ours.value === 'object' && JSON.stringify(ours.value).includes('"dotted"'))) continue
      both += 1
      assert.equal(JSON.stringify(ours), JSON.stringify(theirs[index]), JSON.stringify(text))
    }
    assert.ok(both > 300, `control: ${both} were read`)
  })
})

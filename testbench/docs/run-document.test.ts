/** The runner of documents fails where a document is wrong. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { isPrinted, runDocument } from './run-document.ts'

const run = (markdown: string) => runDocument(markdown, { directory: tmpdir(), stepMs: 60_000 })
const document = (...blocks: readonly (readonly [language: string, text: string])[]): string =>
  blocks.map(([language, text]) => `Some words.\n\n\`\`\`${language}\n${text}\n\`\`\`\n`).join('\n')

describe('a document that is run', () => {
  it('keeps folder and variables from block to block, and leaves other blocks alone', async () => {
    const markdown = document(
      ['sh', 'cd /; who=alice\nhere() { pwd; }'],
      ['yaml', 'echo: not run'],
      ['', 'exit 1'],
      ['sh', 'here; echo "$who"\ncat'],
      ['text', '/\nalice'],
    )
    assert.deepEqual(await run(markdown), ['\n', '/\nalice\n\n'])
  })

  it('waits for what a step prints, standard error included, and not for what it leaves behind', async () => {
    const [first, second] = await run(
      document(['sh', 'sleep 60 & left=$!; echo one >&2'], ['text', 'one'], ['sh', 'kill "$left"; echo two']),
    )
    assert.deepEqual([first, second], ['one\n\n', 'two\n\n'])
  })

  for (const [what, markdown, words] of [
    [
      'a command that fails',
      document(['sh', 'true'], ['sh', 'echo here\nfalse\necho on']),
      /line 10: [\s\S]*failed with 1[\s\S]*\nhere\n/,
    ],
    ['one that fails in a pipe', document(['sh', 'false | cat']), /failed with 1/],
    ['a command that is not there', document(['sh', 'batchwey report']), /failed with 127[\s\S]*batchwey/],
    ['a variable that is not set', document(['sh', 'echo "$nothing"']), /failed with \d+[\s\S]*nothing: unbound/],
    [
      'other words than it says',
      document(['sh', 'echo 1 job'], ['text', '2 jobs']),
      /was to print\n2 jobs\nand printed\n1 job/,
    ],
    ['a block that is never closed', '```sh\ntrue\n', /line 1: .*never closed/],
  ] as const)
    it(`fails by ${what}`, async () => assert.rejects(run(markdown), words))

  it('fails by a command that does not end', async () => {
    const running = runDocument(document(['sh', 'sleep 600']), { directory: tmpdir(), stepMs: 100 })
    await assert.rejects(running, /did not end within 0\.1 s/)
  })
})

describe('what a document says that a command prints', () => {
  for (const [expected, output, is] of [
    ['two', 'one\ntwo  \nthree\n', true],
    ['two\nthree\n', 'one\ntwo\nthree\n', true],
    ['one\nthree', 'one\ntwo\nthree\n', false],
    ['one\n…\nthree', 'one\ntwo\nmore\nthree\n', true],
    ['one\n…\nfour', 'one\ntwo\n', false],
    ['job … is ready', 'job 17 is ready\n', true],
    ['job … is ready', 'job 17\nis ready\n', false],
    ['two', 'number two\n', false],
    ['a.c (x) [y]', 'a.c (x) [y]\n', true],
    ['a.c', 'abc\n', false],
  ] as const)
    it(`${JSON.stringify(expected)} ${is ? 'is' : 'is not'} in ${JSON.stringify(output)}`, () =>
      assert.equal(isPrinted(expected, output), is))
})

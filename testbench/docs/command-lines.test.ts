/** Every command line that a document shows is one that the command takes. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { commandLines, problemOfCommand } from './command-lines.ts'

const root = resolve(import.meta.dirname, '../..')
const documents = globSync(
  [
    '*.md',
    'docs/**/*.md',
    'examples/**/*.md',
    'testbench/*.md',
    'bench/*.md',
    'packages/*/README.md',
    'packages/*/src/**/README.md',
  ],
  { cwd: root },
).filter((file) => !file.includes('node_modules') && !/^docs\/(decisions|reference)\//.test(file))

async function problemsOf(markdown: string): Promise<string[]> {
  const problems: string[] = []
  for (const one of commandLines(markdown)) {
    const problem = await problemOfCommand(one)
    if (problem !== null) problems.push(`line ${one.line}: batchway ${one.words.join(' ')}: ${problem}`)
  }
  return problems
}

describe('command lines in documents', () => {
  for (const file of documents.sort())
    it(`of ${file} are taken`, async () =>
      assert.deepEqual(await problemsOf(readFileSync(join(root, file), 'utf8')), []))

  it('are found, many of them', () => {
    const all = documents.flatMap((file) => commandLines(readFileSync(join(root, file), 'utf8')))
    assert.ok(all.filter(({ isWhole }) => isWhole).length > 40, 'typed')
    assert.ok(all.length > 120, 'named')
  })

  const block = (...lines: string[]): string => ['```sh', ...lines, '```'].join('\n')
  for (const [what, markdown, problem] of [
    ['an unknown command', block('batchway reprot'), /line 2: .*unknown command 'reprot'/],
    ['an unknown command below another', block('batchway setup nothing'), /unknown command|too many arguments/],
    ['an unknown option', block('batchway report --dya today'), /unknown option '--dya'/],
    ['a value that is none of its choices', block('batchway report --format pdf'), /--format/],
    ['a missing argument', block('batchway link'), /missing required argument 'user'/],
    ['one argument too many', block('batchway link alice bob'), /too many arguments/],
    ['what a pipe leads to', block('true | batchway import profle -'), /profle/],
    ['what is continued on the next line', block('batchway report \\', '  --what'), /unknown option '--what'/],
    [
      'what runs as somebody else',
      block('runuser -u batchway -- /opt/batchway/bin/batchway doctor --ass alice'),
      /--ass/,
    ],
    ['what a variable names', block('for p in hub; do $batchway setups $p > /etc/x; done'), /setups/],
    ['one in a sentence', 'Run `batchway doctor --jobs`.', /unknown option '--jobs'/],
    ['one of several in a sentence', 'See `batchway setup hub|proxi`.', /proxi/],
    ['one in a list', `1. Do this:\n\n   ${block('batchway wo alice').replaceAll('\n', '\n   ')}`, /line 4: .*'wo'/],
  ] as const)
    it(`show ${what}`, async () => {
      const [found, ...more] = await problemsOf(markdown)
      assert.match(found ?? 'nothing', problem)
      assert.deepEqual(more, [])
    })

  for (const [what, markdown] of [
    [
      'a name in a sentence, without its arguments',
      'See `batchway link`, `batchway user` and `batchway config check|show`.',
    ],
    ['a comment', block('batchway user list # --nothing')],
    [
      'other programs',
      block('systemctl restart batchway-hub', 'usermod --append --groups batchway www-data', 'ls /opt/batchway --all'),
    ],
    ['a redirection', block('batchway setup hub --config a.yaml > /etc/systemd/system/batchway-hub.service 2>&1 &')],
    ['quotes', block('batchway announce send "Maintenance; until 12 | noon." --user \'alice\'')],
  ] as const)
    it(`may hold ${what}`, async () => assert.deepEqual(await problemsOf(markdown), []))
})

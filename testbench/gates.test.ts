/** The gates can fail: each banned thing is found where it stands, and what only looks like it is left alone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bannedInTemplates, bannedWords } from '../scripts/check.mjs'

interface Rule {
  readonly pattern: RegExp
  readonly why: string
}

const finds = (rules: readonly Rule[], text: string) =>
  rules.some(({ pattern }) => [...text.matchAll(pattern)].length > 0)

describe('templates', () => {
  const refused = [
    '{{ user.name | raw }}',
    '{{ user.name|raw }}',
    '<script>go()</script>',
    '<script type="module">go()</script>',
    '<style>p { color: red }</style>',
    '<p class="x" style="color: red">',
    '<button\n  onclick="go()">',
    '<div hx-on:click="go()">',
    '<div hx-vals="js:{a: 1}">',
    '<a href="javascript:go()">',
  ]
  const allowed = [
    '<script src="{{ base }}static/app.js" defer></script>',
    '{{ raw }} {{ x | rawness }}',
    '<link rel="stylesheet" href="x">',
    '<p data-style="x">style = on = off</p>',
  ]
  for (const text of refused) it(`refuse ${text}`, () => assert.ok(finds(bannedInTemplates, text)))
  for (const text of allowed) it(`allow ${text}`, () => assert.ok(!finds(bannedInTemplates, text)))
})

describe('banned words', () => {
  // Joined here, so that this file does not hold what it forbids.
  const refused = [
    `/wo${'rk'}/main/x`,
    `https://registry.n${'pm'}js.org/`,
    `// TO${'DO'}: later`,
    `@ts-ig${'nore'}`,
    `it.sk${'ip'}('x')`,
  ]
  for (const text of refused) it(`refuse ${text}`, () => assert.ok(finds(bannedWords, text)))
  for (const text of ['/workdir/main', 'a network/workload', 'todo list', 'skip(']) {
    it(`allow ${text}`, () => assert.ok(!finds(bannedWords, text)))
  }
})

describe('runFiles', () => {
  const runner = fileURLToPath(new URL('run-files.mjs', import.meta.url))
  /** In a process of its own: a test runner inside a test runner would take itself for a child. */
  function runOne(
    text: string,
    testSeconds: number,
    fileSeconds: number,
  ): { passed: number; failed: number; output: string } {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-run-files-'))
    try {
      writeFileSync(join(folder, 'x.test.mjs'), text)
      const program = `
        import { runFiles } from ${JSON.stringify(runner)}
        const said = []
        const { passed, failed } = await runFiles({ files: ['x.test.mjs'], root: ${JSON.stringify(folder)}, env: process.env, atOnce: 1,
          testSeconds: ${testSeconds}, fileSeconds: ${fileSeconds}, say: (line) => said.push(line) })
        console.log(JSON.stringify({ passed, failed, output: said.join('\\n') }))`
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
        env,
        timeout: 120_000,
      })
      assert.notEqual(stdout, '', stderr)
      return JSON.parse(stdout)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const head = "import { test } from 'node:test'; import { spawn } from 'node:child_process';"
  const cases: readonly { title: string; text: string; passed: number; failed: number; says: RegExp }[] = [
    {
      title: 'counts what passed',
      text: "test('a', () => {}); test('b', () => {})",
      passed: 2,
      failed: 0,
      says: /✓ .*2 passed/,
    },
    {
      title: 'fails a failing test',
      text: "test('a', () => {}); test('b', () => { throw new Error('no') })",
      passed: 1,
      failed: 1,
      says: /✗/,
    },
    {
      title: 'fails a skipped test',
      text: "test('a', () => {}); test('b', { skip: true }, () => {})",
      passed: 1,
      failed: 1,
      says: /skipped/,
    },
    { title: 'fails a file without tests', text: '', passed: 0, failed: 1, says: /no test ran/ },
    {
      title: 'fails a file that cannot be loaded',
      text: "throw new Error('boom')",
      passed: 0,
      failed: 1,
      says: /boom/,
    },
    {
      title: 'fails a test that hangs',
      text: "test('a', () => new Promise((done) => setTimeout(done, 60_000).unref()))",
      passed: 0,
      failed: 1,
      says: /✗/,
    },
    {
      title: 'fails a file that does not end',
      text: "test('a', () => {}); setInterval(() => {}, 1000)",
      passed: 1,
      failed: 1,
      says: /not finished|✗/,
    },
    {
      title: 'ends a daemon that a test left behind, and says so',
      text: "test('a', () => { spawn('sleep', ['60'], { detached: true, stdio: 'inherit' }).unref() })",
      passed: 1,
      failed: 0,
      says: /left behind, now ended: sleep/,
    },
  ]
  for (const { title, text, passed, failed, says } of cases) {
    it(title, () => {
      const isEndless = /does not end/.test(title)
      const result = runOne(`${head}\n${text}`, /hangs/.test(title) ? 1 : 60, isEndless ? 3 : 120)

      assert.equal(result.failed, failed, result.output)
      if (!isEndless) assert.equal(result.passed, passed, result.output)
      assert.match(result.output, says)
    })
  }
})

/** The runner of test files: what passes, what fails, and what is told of it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

describe('runFiles', () => {
  const runner = fileURLToPath(new URL('run-files.mjs', import.meta.url))
  /** In a process of its own: a test runner inside a test runner would take itself for a child. */
  function runOne(
    text: string,
    testSeconds: number,
    fileSeconds: number,
  ): { passed: number; failed: number; failures: string[]; output: string } {
    const folder = mkdtempSync(join(tmpdir(), 'batchway-run-files-'))
    try {
      writeFileSync(join(folder, 'x.test.mjs'), text)
      const program = `
        import { runFiles } from ${JSON.stringify(runner)}
        const said = []
        const { passed, failed, failures } = await runFiles({ files: ['x.test.mjs'], root: ${JSON.stringify(folder)}, env: process.env, atOnce: 1,
          testSeconds: ${testSeconds}, fileSeconds: ${fileSeconds}, label: 'a stage', say: (line) => said.push(line) })
        console.log(JSON.stringify({ passed, failed, failures, output: said.join('\\n') }))`
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
      says: /✓ .*2 passed, \d+\.\d s, cpu \d+\.\d s \(a stage\)/,
    },
    {
      title: 'counts the processor time of those that a file starts and awaits',
      text: `import { execFileSync } from 'node:child_process'
        const work = 'const used = () => { const { user, system } = process.cpuUsage(); return user + system }'
        test('a', () => { execFileSync(process.execPath, ['-e', \`\${work}; while (used() < 1_200_000) for (let i = 0; i < 1e7; i++);\`]) })`,
      passed: 1,
      failed: 0,
      says: /cpu [1-9]\.\d s/,
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
      assert.equal(result.failures.length, failed > 0 ? 1 : 0)
    })
  }

  describe('tells at the end of a file that failed', () => {
    const tells = (text: string, fileSeconds = 120): string => {
      const { failures } = runOne(`${head} import { before, describe } from 'node:test'\n${text}`, 60, fileSeconds)
      assert.equal(failures.length, 1)
      return failures[0] ?? ''
    }

    it('each failed test with its place, its words and its cause, and none that passed', () => {
      const told = tells(`describe('suite', () => {
        test('fine', () => {})
        test('first', () => { throw new Error('no such thing', { cause: new Error('the reason') }) })
        test('second', async () => { throw new Error('another') }) })`)
      assert.match(told, /^x\.test\.mjs\nsuite > first \(line 4\)\n {2}Error: no such thing\n/)
      assert.match(told, /\[cause\]: Error: the reason/)
      assert.match(told, /^suite > second \(line 5\)\n {2}Error: another$/m)
      assert.doesNotMatch(told, /fine|subtests? failed|\(node:/)
    })

    it('what a suite could not begin with, rather than the tests that never ran', () => {
      const told = tells(
        `describe('suite', () => { before(() => { throw new Error('no server') }); test('a', () => {}) })`,
      )
      assert.match(told, /suite \(line 2\)\n {2}Error: no server/)
      assert.doesNotMatch(told, /cancelled/)
    })

    it('at most 40 lines of each, and five tests', () => {
      const told = tells("for (let i = 0; i < 7; i++) test('t' + i, () => { throw new Error('long\\n'.repeat(100)) })")
      assert.equal(told.match(/^ {2}long$/gm)?.length, 5 * 37, told)
      assert.equal(told.match(/^… \d+ more lines$/gm)?.length, 5, told)
      assert.match(told, /… 2 more failures, above$/)
      assert.equal(told.split('\n').length, 1 + 5 * 40 + 1)
    })

    it('its last words, where it was ended or could not be loaded', () => {
      assert.match(
        tells("console.log('came this far'); test('a', () => {}); setInterval(() => {}, 1000)", 3),
        /: (not finished|killed).*came this far/s,
      )
      assert.match(tells("throw new Error('boom')"), /boom/)
    })
  })
})

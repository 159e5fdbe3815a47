import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { inheritedFlags } from './runtime-flags.ts'

describe('inheritedFlags', () => {
  for (const [given, kept] of [
    [
      ['--conditions=source', '--max-old-space-size=200'],
      ['--conditions=source', '--max-old-space-size=200'],
    ],
    [
      ['-C', 'source', '--import', './hook.mjs'],
      ['-C', 'source', '--import', './hook.mjs'],
    ],
    [['--inspect', '--conditions=source'], ['--conditions=source']],
    [['--inspect-brk=0.0.0.0:9229', '--conditions=source'], ['--conditions=source']],
    [['--inspect-wait', '--inspect-port', '9230', '--conditions=source'], ['--conditions=source']],
    [['--inspect-publish-uid=http', '--debug-port=1'], []],
    [['--watch', '--watch-path', 'src', '--test', '--test-name-pattern', 'a b', '--no-warnings'], ['--no-warnings']],
    [['--eval', 'openChild()', '--conditions=source'], ['--conditions=source']],
  ] as const)
    it(`keeps ${JSON.stringify(kept)} of ${JSON.stringify(given)}`, () => assert.deepEqual(inheritedFlags(given), kept))
})

describe('a process of ours', () => {
  const opener = `
import { openChild } from ${JSON.stringify(new URL('./open-child.ts', import.meta.url).href)}
const child = openChild(['--eval', 'console.log(JSON.stringify([process.execArgv, require("node:inspector").url() ?? null]))'])
process.exit(await child.ended)`
  const run = (...flags: string[]) =>
    spawnSync(process.execPath, [...flags, '--conditions=source', '--input-type=module', '--eval', opener], {
      encoding: 'utf8',
      timeout: 60_000,
    })

  it('is no second target of a debugger, and has the other flags', () => {
    const { status, stdout, stderr } = run('--inspect=127.0.0.1:0', '--trace-uncaught')
    assert.equal(status, 0, stderr)
    const [flags, url]: [string[], string | null] = JSON.parse(stdout)
    assert.equal(url, null)
    assert.deepEqual(flags.slice(0, 2), ['--trace-uncaught', '--conditions=source'])
    assert.ok(stderr.includes('Debugger listening'), 'we ourselves are one')
  })
})

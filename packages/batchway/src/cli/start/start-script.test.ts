import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const script = join(import.meta.dirname, '../../../../../scripts/start.mjs')

/** What `npm start` says to a machine, before it does anything. */
function whyNot(platform: string, arch: string, version: string): string | null {
  const code = `const { whyNot } = await import(${JSON.stringify(script)})
console.log(JSON.stringify(whyNot(...process.argv.slice(1))))`
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', code, platform, arch, version], {
      encoding: 'utf8',
    }),
  )
}

describe('npm start', () => {
  for (const [platform, arch, version, words] of [
    ['linux', 'x64', '18.20.4', /needs Node.js 20 or later; this is 18.20.4/],
    ['darwin', 'arm64', '24.0.0', /runs on Linux alone/],
    ['linux', 'riscv64', '24.0.0', /x64 and arm64/],
  ] as const)
    it(`says why not on ${platform} ${arch} with Node ${version}`, () =>
      assert.match(whyNot(platform, arch, version) ?? '', words))
  for (const version of ['20.0.0', '24.21.0', '30.1.0'])
    it(`goes on with Node ${version}`, () => assert.equal(whyNot('linux', 'x64', version), null))
  it('can say so: an old Node reads it, for nothing newer is imported before', () =>
    assert.doesNotMatch(readFileSync(script, 'utf8'), /^import .*from '\.|\?\?|\?\./m))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { parseConfig } from '../../core/parse-config.ts'
import { starterConfig } from './starter-config.ts'
import { isUntouched, misfits, portsOf, toText } from './written-config.ts'

const written = starterConfig(
  {
    cores: 2,
    memoryMiB: 4_000,
    hostName: 'here',
    jupyter: [{ kind: 'jupyter-lab', path: '/usr/bin/jupyter-lab', version: '4.0', isClassic: false }],
    slurm: null,
  },
  {
    stateDirectory: '/s',
    url: 'http://127.0.0.1:8000/jupyter/',
    listen: '127.0.0.1:8000',
    internalPort: 8001,
    instance: 'k3',
  },
)
const config = parseConfig(written, 'written')

describe('the written configuration', () => {
  const text = toText(written)
  it('is read back as it was', () => assert.deepEqual(parse(text), written))
  it('is known as untouched', () => assert.equal(isUntouched(text), true))
  for (const [what, changed] of [
    ['a changed value', text.replace('8000', '8100')],
    ['a comment', `${text}# mine\n`],
    ['a changed first line', text.replace('# Written', '# Once written')],
    ['another file', 'url: http://x/\n'],
    ['an empty file', ''],
  ] as const)
    it(`is known as edited after ${what}`, () => assert.equal(isUntouched(changed), false))
})

describe('misfits', () => {
  const wanted = { base: '/jupyter/' }
  const found = { isPortFree: true, isInternalPortFree: true, hasProgram: true }
  it('finds nothing wrong with what fits', () => {
    assert.deepEqual(misfits(config, wanted, found), [])
    assert.deepEqual(misfits(config, { ...wanted, port: 8000 }, found), [])
  })
  for (const [why, change, words] of [
    ['another path', { wanted: { base: '/' } }, /serves under \/jupyter\/, and you ask for \//],
    ['another port', { wanted: { ...wanted, port: 9000 } }, /port 8000, and you ask for 9000/],
    ['a taken port', { found: { ...found, isPortFree: false } }, /port 8000 is taken/],
    ['a taken internal port', { found: { ...found, isInternalPortFree: false } }, /port 8001 .*is taken/],
    ['a program that is gone', { found: { ...found, hasProgram: false } }, /program .* is gone/],
  ] as const)
    it(`names ${why}`, () => {
      const reasons = misfits(
        config,
        'wanted' in change ? change.wanted : wanted,
        'found' in change ? change.found : found,
      )
      assert.equal(reasons.length, 1)
      assert.match(reasons[0] ?? '', words)
    })
})

describe('portsOf', () => {
  const ports = (url: string, internal: string) => portsOf({ url, hub: { internal: [internal] } })
  it('knows the ports of schemes', () => {
    assert.deepEqual(ports('http://a/', '[::1]:8081'), { port: 80, internalPort: 8_081 })
    assert.deepEqual(ports('https://a/', 'unix:/x'), { port: 443, internalPort: null })
  })
})

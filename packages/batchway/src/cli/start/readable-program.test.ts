import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isNeeded } from './readable-program.ts'

// What the copy is good for, and that another account can run it, is tested by the first start itself (test/e2e).
describe('isNeeded', () => {
  for (const path of [
    '',
    'packages/proxy/src/bin.ts',
    'node_modules',
    'node_modules/hono/dist/docs/test.js',
    'node_modules/.bin/node',
  ])
    it(`copies ${path || 'the root'}`, () => assert.equal(isNeeded(path), true))
  for (const path of [
    'node_modules/playwright-core',
    'node_modules/playwright-core/index.js',
    'node_modules/@biomejs/biome/bin',
    'packages/agent/dist.tmp-abc/x',
  ])
    it(`leaves out ${path}`, () => assert.equal(isNeeded(path), false))
})

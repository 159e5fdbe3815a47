/** A machine without git checks the same files as one with it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, it } from 'node:test'
import { listFiles } from '../scripts/list-files.mjs'

const root = mkdtempSync(join(tmpdir(), 'batchway-list-'))
after(() => rmSync(root, { recursive: true, force: true }))

it('lists every file but what .gitignore names', () => {
  const kept = ['.gitignore', 'a.ts', 'b/c.ts', 'b/cache/d', 'distant/e', 'f.tsx']
  const ignored = ['.git/HEAD', 'node_modules/x/y.js', 'b/dist/z.js', 'g.tsbuildinfo', 'b/h.tsbuildinfo', '.cache/i']
  for (const path of [...kept, ...ignored]) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), '')
  }
  writeFileSync(join(root, '.gitignore'), '# what is made\nnode_modules/\ndist/\n*.tsbuildinfo\n/.cache/\n')
  assert.deepEqual(listFiles(root, 'no-such-command'), kept)
})

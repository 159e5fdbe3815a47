import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CannotLink, linkProgram } from './link-program.ts'

const root = mkdtempSync(join(tmpdir(), 'bw-link-'))
after(() => rmSync(root, { recursive: true, force: true }))

let programs = 0
function write(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(programs++))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return join(folder, 'bin.js')
}

describe('linkProgram', () => {
  it('makes one file that does the same, alone', () => {
    const entry = write({
      'bin.js': `#!/usr/bin/env node
import { basename as nameOf } from 'node:path';
import { Greeting, greet, later as soon } from './greet.js';
import {
  own,
} from './a/own.js';
console.log(nameOf('/x/y'), greet(), own, new Greeting().words, await soon());
`,
      'greet.js': `import { own as their } from './a/own.js';
const own = 'private';
export class Greeting { words = 'words'; }
export function greet() { return \`\${own} \${their}\`; }
export async function later() { return 'later'; }
`,
      'a/own.js': `export const { own } = { own: 'shared' };\n`,
    })
    const run = () => execFileSync(process.execPath, [entry], { encoding: 'utf8' })
    const before = run()
    assert.equal(before, 'y private shared shared words later\n')
    linkProgram(entry)
    rmSync(join(dirname(entry), 'greet.js'))
    assert.equal(run(), before)
    assert.match(readFileSync(entry, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  })

  for (const [what, files] of [
    [
      'a cycle',
      { 'bin.js': `import { a } from './a.js';\n`, 'a.js': `import { a as b } from './a.js';\nexport const a = 1;\n` },
    ],
    ['a default import', { 'bin.js': `import fs from 'node:fs';\n` }],
    ['a whole module', { 'bin.js': `import * as fs from 'node:fs';\n` }],
    ['an import at run time', { 'bin.js': `await import('./a.js');\n`, 'a.js': '' }],
    [
      'an export from elsewhere',
      { 'bin.js': `import { a } from './a.js';\n`, 'a.js': `export { a } from './b.js';\n` },
    ],
    ['a binding that changes', { 'bin.js': `import { a } from './a.js';\n`, 'a.js': `export let a = 1;\n` }],
  ] as const)
    it(`refuses ${what}`, () => assert.throws(() => linkProgram(write(files)), CannotLink))
})

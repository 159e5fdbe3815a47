/** The walls of the house hold: imports only point downwards, and packages import nothing they must not. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { scanImports } from '../testbench/walls/scan-imports.ts'
import { findBreaches, floors } from '../testbench/walls/walls.ts'

const packages = fileURLToPath(new URL('../packages', import.meta.url))

/** Judge a small tree that stands in for the project's. */
function breachesOf(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'batchway-walls-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return findBreaches(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe('the walls', () => {
  it('stand in this tree', () => {
    assert.deepEqual(findBreaches(packages), [])
  })

  it('have a floor for every room of batchway', () => {
    const rooms = readdirSync(join(packages, 'batchway/src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)

    assert.deepEqual(
      rooms.filter((room) => !floors.flat().includes(room)),
      [],
    )
  })

  const upper = { 'batchway/src/web/page.ts': '', 'batchway/src/sessions/session-store.ts': '' }
  const cases: readonly { title: string; path: string; text: string; says: RegExp | null }[] = [
    { title: 'an upward import', path: 'core/a.ts', text: "import '../web/page.ts'", says: /core\/a\.ts:1 .*web/ },
    { title: 'an upward type import', path: 'core/a.ts', text: "import type { P } from '../web/page.ts'", says: /web/ },
    { title: 'an upward re-export', path: 'people/a.ts', text: "export * from '../web/page.ts'", says: /web/ },
    { title: 'an upward dynamic import', path: 'store/a.ts', text: "await import('../web/page.ts')", says: /web/ },
    { title: 'an upward import in a type', path: 'store/a.ts', text: "let p: import('../web/page.ts').P", says: /web/ },
    { title: 'an upward worker', path: 'store/a.ts', text: "new URL('../web/page.ts', import.meta.url)", says: /web/ },
    {
      title: 'an import between rooms of one floor',
      path: 'api/a.ts',
      text: "import '../web/page.ts'",
      says: /same floor/,
    },
    { title: 'a downward import', path: 'web/a.ts', text: "import '../sessions/session-store.ts'", says: null },
    {
      title: 'a type that store implements',
      path: 'store/a.ts',
      text: "import type { S } from '../sessions/session-store.ts'",
      says: null,
    },
    {
      title: 'a value from above in store',
      path: 'store/a.ts',
      text: "import { S } from '../sessions/session-store.ts'",
      says: /higher/,
    },
    {
      title: 'the front door from a room',
      path: 'core/a.ts',
      text: "import '../index.ts'",
      says: /front door|not exist/,
    },
    { title: 'a room on no floor', path: 'attic/a.ts', text: "import '../web/page.ts'", says: /no floor/ },
    {
      title: 'SQL outside store',
      path: 'people/a.ts',
      text: "import { sql } from 'kysely'",
      says: /only room that writes SQL/,
    },
    { title: 'SQL in store', path: 'store/a.ts', text: "import { sql } from 'kysely'", says: null },
    { title: 'its own package by name', path: 'core/a.ts', text: "import 'batchway'", says: /own package/ },
    {
      title: 'a neighbour package by path',
      path: 'core/a.ts',
      text: "import '../../../proxy/src/index.ts'",
      says: /by path/,
    },
    { title: 'a computed import', path: 'web/a.ts', text: 'await import(name)', says: /computed/ },
  ]
  for (const { title, path, text, says } of cases) {
    it(`${says ? 'refuse' : 'allow'} ${title}`, () => {
      const found = breachesOf({ ...upper, [`batchway/src/${path}`]: text })

      if (says) assert.match(found.join('\n'), says)
      else assert.deepEqual(found, [])
    })
  }

  it('refuse that proxy, agent and schedulers know another of our packages', () => {
    const found = breachesOf({
      'proxy/src/a.ts': "import type { R } from '@batchway/agent'",
      'agent/src/a.ts': "import 'batchway'",
      'schedulers/src/slurm/a.ts': "export { x } from '@batchway/proxy'",
      'batchway/src/app/a.ts': "import '@batchway/proxy'",
    })

    assert.deepEqual(
      found.map((line) => line.split(' ')[0]),
      ['agent/src/a.ts:1', 'proxy/src/a.ts:1', 'schedulers/src/slurm/a.ts:1'],
    )
  })
})

describe('scanImports', () => {
  const table: readonly [source: string, expected: readonly string[]][] = [
    ["import a from 'x'", ['x']],
    ['import a, { b as c } from "x"\nimport \'y\'', ['x', 'y']],
    ["import * as a from 'x'; export * as b from 'y'", ['x', 'y']],
    ["import {\n  a,\n  type B,\n} from 'x'", ['x']],
    ["import type { A } from 'x'", ['x (type)']],
    ["import type A from 'x'", ['x (type)']],
    ["import type from 'x'", ['x']],
    ["export type { A } from 'x'; export type * from 'y'", ['x (type)', 'y (type)']],
    ["export { a }\nconst from = 'x'", []],
    ["export const a = 'x'; export type T = 'y'", []],
    ["const a = await import('x')", ['x']],
    ['const a = await import(`x`)', ['x']],
    ["import('x', { with: { type: 'json' } })", ['x']],
    ["import(here + 'x')", ['computed']],
    ["import.meta.resolve('x'); import.meta.resolve(x)", ['x']],
    ["const r = require('x')", ['x']],
    ["// import 'x'\n/* import 'y' */ const a = \"import 'z'\"", []],
    ["const a = /['\"`]/; import('x')", ['x']],
    ["const a = b / c; import('x') / 2", ['x']],
    [`const t = \`import 'x' \${await import('y')} import 'z'\``, ['y']],
    [`const t = \`\${ { a: \`\${1}\` } }\`; import('x')`, ['x']],
    ["form.import('x'); ({ import: 'y' })", []],
    ["import json from './a.json' with { type: 'json' }", ['./a.json']],
  ]
  for (const [source, expected] of table) {
    it(`reads ${JSON.stringify(source)}`, () => {
      const found = scanImports(source).map((one) => `${one.specifier ?? 'computed'}${one.isTypeOnly ? ' (type)' : ''}`)

      assert.deepEqual(found, expected)
    })
  }
})

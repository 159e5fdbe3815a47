/** Across packages the wall is `package.json`: what it declares is what is imported, and two packages declare nothing at all. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { scanImports } from '../testbench/walls/scan-imports.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const kinds = ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies'] as const

interface Manifest {
  readonly version: string
  readonly license: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly bundledDependencies?: Readonly<Record<string, string>>
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
const dependenciesOf = (manifest: Manifest) => kinds.flatMap((kind) => Object.entries(manifest[kind] ?? {}))

/** `@scope/name/deep` → `@scope/name`. */
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** @returns packages that sources import and their manifest does not declare. */
function findUndeclared(manifest: Manifest, sources: readonly string[]): string[] {
  const declared = new Set(dependenciesOf(manifest).map(([name]) => name))
  const imported = sources
    .flatMap((source) => scanImports(source))
    .flatMap(({ specifier }) =>
      specifier === null || specifier.startsWith('.') || isBuiltin(specifier) ? [] : [specifier],
    )
  return [...new Set(imported.map(packageOf))].filter((name) => !declared.has(name)).sort()
}

describe('packages', () => {
  const allowed: Readonly<Record<string, readonly string[] | 'any'>> = {
    'packages/proxy': [],
    'packages/agent': [],
    'packages/schedulers': ['zod'],
    'packages/batchway': 'any',
  }
  const tools = dependenciesOf({
    ...readManifest('.'),
    dependencies: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies,
  })

  for (const [folder, names] of Object.entries(allowed)) {
    const manifest = readManifest(folder)

    if (names !== 'any') {
      it(`${folder} depends on ${names.join(', ') || 'nothing'}`, () => {
        assert.deepEqual(
          dependenciesOf(manifest).map(([name]) => name),
          names,
        )
      })
    }
    it(`${folder} declares what it imports`, () => {
      const files = globSync('src/**/*.ts', { cwd: join(root, folder) })
      const read = (list: readonly string[]) => list.map((file) => readFileSync(join(root, folder, file), 'utf8'))
      // What lies in `testing` is imported by tests alone.
      const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/')

      assert.deepEqual(findUndeclared(manifest, read(files.filter((file) => !isTest(file)))), [])
      const withTools = { ...manifest, dependencies: { ...manifest.dependencies, ...Object.fromEntries(tools) } }
      assert.deepEqual(findUndeclared(withTools, read(files.filter(isTest))), [])
    })
    it(`${folder} runs nothing at install and names exact versions`, () => {
      const hooks = Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))

      assert.deepEqual(hooks, [])
      assert.deepEqual(
        dependenciesOf(manifest).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
        [],
      )
    })
    it(`${folder} is released in lock-step under the project's licence`, () => {
      const { version, license } = readManifest('.')

      assert.deepEqual({ version: manifest.version, license: manifest.license }, { version, license })
    })
  }

  it('an import that is not declared is found', () => {
    const manifest: Manifest = { version: '0', license: '', dependencies: { zod: '4.0.0' } }

    assert.deepEqual(
      findUndeclared(manifest, ["import 'zod/v4'; import 'node:fs'; import '@a/b/c'; import('left-pad')"]),
      ['@a/b', 'left-pad'],
    )
  })
})

/** Files run beside each other, and a site ends all jobs of its instance when it goes: two files with one instance end each other's. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** @returns the files that name each instance. */
function users(files: readonly (readonly [file: string, text: string])[]): ReadonlyMap<string, readonly string[]> {
  const named = files.flatMap(([file, text]) =>
    [...text.matchAll(/\binstance(?:: | = )'([a-z0-9]{2})'/g)].map(([, instance = '']) => ({ instance, file })),
  )
  return new Map(
    [...Map.groupBy(named, ({ instance }) => instance)].map(([instance, found]) => [
      instance,
      [...new Set(found.map(({ file }) => file))],
    ]),
  )
}

const files = globSync(['test/**/*.ts', 'bench/**/*.ts'], { cwd: root }).map(
  (file) => [file, readFileSync(join(root, file), 'utf8')] as const,
)

describe('an instance of the tests', () => {
  for (const [instance, where] of users(files))
    it(`${instance} is one file's`, () => assert.equal(where.length, 1, where.join(', ')))

  it('is seen wherever it stands', () => {
    const two = [
      ['a.ts', "openSite({ instance: 'x1' })"],
      ['b.ts', "const instance = 'x1'"],
    ] as const
    assert.deepEqual(users(two).get('x1'), ['a.ts', 'b.ts'])
  })
})

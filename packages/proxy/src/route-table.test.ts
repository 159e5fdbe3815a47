import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { routeSegments } from './request-path.ts'
import { RouteTable } from './route-table.ts'

const tableOf = (...paths: string[]): RouteTable<string> => {
  const table = new RouteTable<string>()
  for (const path of paths) table.set(path, path)
  return table
}
const find = (table: RouteTable<string>, path: string) => table.match(path.slice(1).split('/'))

describe('RouteTable', () => {
  const table = tableOf('/', '/user/alice', '/user/alice/gpu', '/__proto__', '/user/constructor/toString')
  const cases: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/hub/home', '/'],
    ['/user/alice', '/user/alice'],
    ['/user/alice/', '/user/alice'],
    ['/user/alice/lab/tree', '/user/alice'],
    ['/user/alice/gpu', '/user/alice/gpu'],
    ['/user/alice/gpus', '/user/alice'],
    ['/user/alicent', '/'],
    ['/user/al', '/'],
    ['/__proto__/x', '/__proto__'],
    ['/constructor', '/'],
    ['/hasOwnProperty/valueOf', '/'],
    ['/user/constructor', '/'],
    ['/user/constructor/toString/x', '/user/constructor/toString'],
    ['//user/alice', '/'],
  ]
  for (const [path, route] of cases) it(`sends ${path} to ${route}`, () => assert.equal(find(table, path), route))

  // CHP (hazard in its trie): `constructor` and `__proto__` in a path were answered with 500.
  it('finds nothing without a root route', () => assert.equal(find(tableOf('/user/alice'), '/hub'), undefined))

  it('falls back to the shorter route when the longer one is removed', () => {
    const two = tableOf('/user/alice', '/user/alice/gpu')
    assert.equal(two.delete('/user/alice/gpu'), true)
    assert.equal(find(two, '/user/alice/gpu/lab'), '/user/alice')
  })

  it('keeps the longer route when the shorter one is removed', () => {
    const two = tableOf('/user/alice', '/user/alice/gpu')
    assert.equal(two.delete('/user/alice'), true)
    assert.equal(two.delete('/user/alice'), false)
    assert.equal(find(two, '/user/alice/lab'), undefined)
    assert.equal(find(two, '/user/alice/gpu/lab'), '/user/alice/gpu')
    assert.equal(two.delete('/user/alice/gpu'), true)
    assert.equal(two.size, 0)
    assert.equal(find(two, '/user/alice/gpu'), undefined)
  })

  it('agrees with a plain search for the longest prefix, whatever is added and removed', () => {
    const segment = fc.constantFrom('a', 'b', '__proto__', 'constructor', '')
    const named = fc.constantFrom('a', 'b', '__proto__', 'constructor')
    const path = fc.array(named, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
    const changes = fc
      .uniqueArray(path, { maxLength: 12 })
      .chain((added) => fc.tuple(fc.constant(added), fc.oneof(fc.shuffledSubarray(added), fc.array(path))))
    fc.assert(
      fc.property(changes, fc.array(segment, { maxLength: 6 }), ([added, removed], request) => {
        const trie = tableOf(...added)
        for (const each of removed) trie.delete(each)
        const left = added.filter((each) => !removed.includes(each))
        const fits = left.filter((each) => routeSegments(each).every((part, i) => request[i] === part))
        const longest = fits.toSorted((x, y) => routeSegments(y).length - routeSegments(x).length)[0]
        assert.equal(trie.match(request), longest)
      }),
    )
  })
})

/** Filtered rights make nothing that their holder could not see, whatever else they are. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Caller } from '../people/people.ts'
import { scopeTable, withSubscopes } from '../people/scope-table.ts'
import { expandScopes } from '../people/scopes.ts'
import { decideAccess, isCovered } from './access.ts'
import { listApiRoutes } from './app.ts'
import { bob, fakeHub } from './testing/fake-hub.ts'

const filter = fc.constantFrom(
  'user=alice',
  'user=new',
  'server=alice/',
  'server=new/lab',
  'group=new',
  'group=g',
  'service=new',
  'user',
  'service',
)
const filtered = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(scopeTable)), filter).map(([name, of]) => `${name}!${of}`),
  { maxLength: 8 },
)
const callerWith = (scopes: ReadonlySet<string>): Caller => ({
  kind: 'browser',
  user: bob,
  signIn: { id: 's', userId: bob.id, way: 'link', createdAt: 0, expiresAt: 1 },
  scopes,
})
const routes = listApiRoutes(fakeHub().deps).flatMap(({ operationId, access, path }) =>
  typeof access === 'object' ? [{ operationId, access, path }] : [],
)

describe('filtered rights, whichever and however many', () => {
  // GHSA-69wv-m5fw-2fhp (JupyterHub): a right over a group did for what names no group.
  it('do not open what names nothing, but for lists that are cut by them', () => {
    const open = routes.filter(({ path, access }) => !path.includes('{') && access.of === undefined)
    assert.ok(open.length >= 9)
    fc.assert(
      fc.property(filtered, fc.constantFrom(...open), (texts, { access }) => {
        const held = expandScopes(texts, { userName: 'bob', serviceName: 'new' })
        const isOpen = decideAccess(access, callerWith(held), { user: null, server: null }) === null
        const isCut = (access.filters ?? []).some((kind) =>
          [...held].some((each) => access.anyOf.some((scope) => each.startsWith(`${scope}!${kind}=`))),
        )
        assert.equal(isOpen, isCut)
      }),
      { numRuns: 1_000 },
    )
  })
  it('open nothing that a filter does not name: what is opened is covered by a scope of the rule', () =>
    fc.assert(
      fc.property(
        filtered,
        fc.constantFrom(...routes),
        fc.constantFrom('alice', 'new', 'carol'),
        (texts, { access, path }, name) => {
          const held = expandScopes(texts, { userName: 'bob' })
          const target = path.includes('{group}')
            ? { user: null, server: null, group: name }
            : path.includes('{service}')
              ? { user: null, server: null, service: name }
              : {
                  user: path.includes('{user}') ? name : null,
                  server: path.includes('/server') ? 'lab' : null,
                  groups: name === 'new' ? ['g'] : [],
                }
          if (access.of === 'caller' || access.filters) return
          if (decideAccess(access, callerWith(held), target) !== null) return
          assert.ok(access.anyOf.some((scope) => isCovered(held, scope, target)))
          assert.ok(
            [...held].some((each) => each.includes(`=${name}`) || (name === 'new' && each.endsWith('group=g'))),
            [...held].join(' '),
          )
        },
      ),
      { numRuns: 1_000 },
    ))
})

describe('the tree of scopes', () => {
  it('gives no administrator’s right to who was not given one', () =>
    fc.assert(
      fc.property(fc.subarray(Object.keys(scopeTable).filter((name) => !name.startsWith('admin'))), (names) => {
        for (const name of names)
          for (const below of withSubscopes(name)) assert.ok(!below.startsWith('admin'), `${name} → ${below}`)
      }),
    ))
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scopeTable, withSubscopes } from './scope-table.ts'
import {
  coversScopeText,
  expandScopes,
  formatScope,
  intersectScopes,
  isScopeText,
  isSubset,
  parseScope,
  simplifyScopes,
  usersToLookUp,
} from './scopes.ts'

const sorted = (scopes: Iterable<string>): string[] => [...scopes].sort()

describe('the scope table', () => {
  it('includes only scopes that it knows, without circles', () => {
    for (const [name, below] of Object.entries(scopeTable))
      for (const each of below) {
        assert.ok(Object.hasOwn(scopeTable, each), each)
        assert.ok(!withSubscopes(each).includes(name), `${each} includes ${name}`)
      }
  })
  it('follows the tree to its leaves', () => {
    assert.deepEqual(sorted(withSubscopes('servers')), [
      'delete:servers',
      'read:servers',
      'read:users:name',
      'servers',
      'start:servers',
    ])
    assert.deepEqual(withSubscopes('constructor'), [])
  })
})

describe('parseScope', () => {
  for (const text of [
    'read:hub',
    'read:users!user',
    'read:users!user=alice',
    'access:servers!server',
    'access:servers!server=alice/',
    'access:servers!server=a@b.c+d/lab=1',
    'list:users!group=physics',
    'access:services!service',
  ])
    it(`reads ${text}`, () => {
      const scope = parseScope(text)
      assert.ok(scope)
      assert.equal(formatScope(scope), text)
    })
  for (const text of [
    '',
    'self',
    'read:everything',
    'toString',
    'read:users!',
    'read:users!user=',
    'read:users!group',
    'read:users!group=',
    'read:users!role=x',
    'access:servers!server=alice',
    'access:servers!server=/lab',
    'access:servers!server=alice/a/b',
    'read:users!user=a!group=b',
    'read:users !user=a',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseScope(text), null))

  it('knows what may stand in a request', () => {
    for (const text of ['self', 'inherit', '(no_scope)', 'read:hub']) assert.ok(isScopeText(text), text)
    for (const text of ['', 'all', 'read:hub!', 'custom:jobs']) assert.ok(!isScopeText(text), text)
  })
  it('knows custom scopes by the form of their name, and those of the site as existing', () => {
    const custom = new Map([['custom:jobs:read', []]])
    for (const text of ['custom:jobs:read', 'custom:jobs:read!user', 'custom:jobs:read!group=g']) {
      assert.ok(parseScope(text), text)
      assert.ok(isScopeText(text, custom), text)
    }
    assert.ok(!isScopeText('custom:jobs:write', custom))
    for (const text of ['custom:', 'custom:A', 'custom:_a', 'custom:a-', 'custom:a b', `custom:${'a'.repeat(250)}`])
      assert.equal(parseScope(text), null, text)
  })
})

describe('expandScopes', () => {
  const owner = { userName: 'alice', serverName: 'lab' }
  it('turns self into everything of one’s own, and nothing else', () => {
    const scopes = expandScopes(['self'], owner)
    for (const each of scopes) assert.match(each, /!user=alice$/)
    for (const name of ['read:users:groups', 'start:servers', 'read:tokens', 'access:servers', 'users:activity'])
      assert.ok(scopes.has(`${name}!user=alice`), name)
    assert.ok(!scopes.has('shares!user=alice'))
    assert.ok(!scopes.has('users!user=alice'))
  })
  it('resolves self-references', () => {
    assert.deepEqual(sorted(expandScopes(['users:activity!user', 'access:servers!server'], owner)), [
      'access:servers!server=alice/lab',
      'read:users:activity!user=alice',
      'users:activity!user=alice',
    ])
    assert.deepEqual(
      sorted(expandScopes(['access:servers!server'], { userName: 'bob', serverName: '', serverUserName: 'alice' })),
      ['access:servers!server=alice/'],
    )
    assert.deepEqual(
      sorted(expandScopes(['access:servers!server', 'access:services!service'], { userName: 'bob' })),
      [],
    )
  })
  it('keeps people out of rights over one server', () =>
    assert.deepEqual(sorted(expandScopes(['servers!server=alice/lab'], owner)), [
      'delete:servers!server=alice/lab',
      'read:servers!server=alice/lab',
      'servers!server=alice/lab',
      'start:servers!server=alice/lab',
    ]))
  it('adds what custom scopes include, filtered alike, and ends where they go in circles', () => {
    const custom = new Map([
      ['custom:one', ['custom:two', 'custom:gone']],
      ['custom:two', ['custom:one']],
    ])
    assert.deepEqual(sorted(expandScopes(['custom:one!user', 'custom:three'], owner, undefined, custom)), [
      'custom:one!user=alice',
      'custom:two!user=alice',
    ])
    assert.deepEqual(sorted(expandScopes(['custom:one'], owner)), [])
  })
  it('lets a service stand for itself, and for nobody', () =>
    assert.deepEqual(
      sorted(
        expandScopes(['self', 'read:users!user', 'read:services!service', 'read:hub', 'access:servers!server'], {
          userName: null,
          serviceName: 'culler',
        }),
      ),
      ['read:hub', 'read:services!service=culler', 'read:services:name!service=culler'],
    ))
  it('lets inherit stand for what the owner has, and unknown texts for nothing', () => {
    assert.deepEqual(sorted(expandScopes(['inherit', 'future:scope', 'x!y'], owner, new Set(['read:hub']))), [
      'read:hub',
    ])
    assert.deepEqual(sorted(expandScopes(['inherit'], owner)), [])
  })
})

/** A small world in which every grant can be asked for one by one: the model that the text functions are held against. */
const groups: Readonly<Record<string, readonly string[]>> = { a: ['g'], b: ['g', 'h'], c: [] }
const groupsOf = (user: string): readonly string[] => groups[user] ?? []
const resources = [
  ...['a', 'b', 'c'].map((user) => `user=${user}`),
  ...['a/', 'a/x', 'b/', 'c/x'].map((server) => `server=${server}`),
]
const names = ['access:servers', 'read:servers', 'servers', 'read:users', 'read:users:name']

/** Does a set of expanded scopes grant `name` on one user or one server? Written apart from the code under test. */
function grants(scopes: ReadonlySet<string>, name: string, resource: string): boolean {
  const [kind = '', value = ''] = resource.split('=')
  const user = kind === 'user' ? value : (value.split('/')[0] ?? '')
  return [...scopes].some((scope) => {
    const [held, filter] = scope.split('!')
    if (held !== name) return false
    if (filter === undefined || filter === resource || filter === `user=${user}`) return true
    return groupsOf(user).some((group) => filter === `group=${group}`)
  })
}

const scopeText = fc
  .tuple(
    fc.constantFrom(...names),
    fc.constantFrom(...resources.map((each) => `!${each}`), '!group=g', '!group=h', '', '!user', '!server'),
  )
  .map(([name, filter]) => name + filter)
const owners = fc.constantFrom({ userName: 'a', serverName: 'x' }, { userName: 'b', serverName: '' }, { userName: 'c' })
const texts = fc.array(fc.oneof({ weight: 6, arbitrary: scopeText }, fc.constantFrom('self', 'nonsense', 'a!b=c')), {
  maxLength: 6,
})
const expanded = fc.tuple(texts, owners).map(([scopes, owner]) => expandScopes(scopes, owner))

describe('scope algebra, over a small world', () => {
  const everyGrant = (check: (name: string, resource: string) => void): void => {
    for (const name of names) for (const resource of resources) check(name, resource)
  }
  it('an intersection grants no more than either side, and no less but for different groups', () =>
    fc.assert(
      fc.property(expanded, expanded, (one, other) => {
        const both = intersectScopes(one, other, groupsOf)
        const filteredByGroup = [...one, ...other].some((scope) => scope.includes('!group='))
        everyGrant((name, resource) => {
          const want = grants(one, name, resource) && grants(other, name, resource)
          const got = grants(both, name, resource)
          assert.ok(!got || want, `too much: ${name} on ${resource} from ${[...both]}`)
          if (!filteredByGroup) assert.equal(got, want, `too little: ${name} on ${resource} from ${[...both]}`)
        })
      }),
      { numRuns: 500 },
    ))
  it('without knowledge of groups an intersection only shrinks', () =>
    fc.assert(
      fc.property(expanded, expanded, (one, other) => {
        assert.ok(isSubset(intersectScopes(one, other), intersectScopes(one, other, groupsOf), groupsOf))
      }),
    ))
  it('does not depend on order, and repeats nothing', () =>
    fc.assert(
      fc.property(expanded, expanded, (one, other) => {
        const both = intersectScopes(one, other, groupsOf)
        assert.deepEqual(sorted(both), sorted(intersectScopes(other, one, groupsOf)))
        assert.deepEqual(sorted(intersectScopes(both, one, groupsOf)), sorted(both))
        assert.ok(isSubset(both, one, groupsOf))
        assert.ok(isSubset(both, other, groupsOf))
      }),
    ))
  it('grows with either side, and adds nothing to itself', () =>
    fc.assert(
      fc.property(expanded, expanded, expanded, (one, more, other) => {
        const small = intersectScopes(one, other, groupsOf)
        const large = intersectScopes(new Set([...one, ...more]), other, groupsOf)
        assert.ok(isSubset(small, large, groupsOf), `${[...small]} in ${[...large]}`)
        assert.deepEqual(sorted(intersectScopes(one, one, groupsOf)), sorted(simplifyScopes(one)))
      }),
    ))
  it('an expansion grows with its texts, and expands no further', () =>
    fc.assert(
      fc.property(texts, texts, owners, (some, more, owner) => {
        const small = expandScopes(some, owner)
        const large = expandScopes([...some, ...more], owner)
        for (const each of small) assert.ok(large.has(each))
        assert.deepEqual(sorted(expandScopes(small, owner)), sorted(small))
      }),
    ))
  // hazard rights-over-parts: a right over one server becomes one over people.
  it('a right over a part never becomes one over the whole', () =>
    fc.assert(
      fc.property(expanded, expanded, (one, other) => {
        for (const each of intersectScopes(one, other, groupsOf))
          if (!each.includes('!')) assert.ok(one.has(each) && other.has(each), each)
      }),
    ))
  it('asks for the groups of exactly those whom scopes name, and only where a group matters', () => {
    assert.deepEqual([...usersToLookUp(new Set(['read:users!user=a', 'servers!server=b/x']))], [])
    assert.deepEqual(
      [...usersToLookUp(new Set(['read:users!user=a', 'servers!server=b/x']), new Set(['read:users!group=g']))],
      ['a', 'b'],
    )
  })
  it('covers exactly what is granted', () =>
    fc.assert(
      fc.property(expanded, (held) =>
        everyGrant((name, resource) =>
          assert.equal(coversScopeText(held, `${name}!${resource}`, groupsOf), grants(held, name, resource)),
        ),
      ),
    ))
  it('simplifying changes no grant', () =>
    fc.assert(
      fc.property(expanded, (held) => {
        const simple = simplifyScopes(held)
        everyGrant((name, resource) => assert.equal(grants(simple, name, resource), grants(held, name, resource)))
      }),
    ))
})

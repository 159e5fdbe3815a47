/** The table of who may do what finds every access rule that is left out or too wide: seeded into one route after the other. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Access } from '../api/access.ts'
import type { ApiRoute } from '../api/route.ts'
import { table } from './testing/authorisation-table.ts'
import { openWalker } from './testing/authorisation-walk.ts'
import { openWorld } from './testing/authorisation-world.ts'

type Rule = Exclude<Access, string>

/** Mistakes: name → the rule that is there in place of the right one, or null where it cannot be made. */
const mistakes: Readonly<Record<string, (access: Access) => Access | null>> = {
  'nobody is asked who they are': (access) => (access === 'anonymous' ? null : 'anonymous'),
  'whoever is known may do it': (access) => (typeof access === 'string' ? null : 'signed-in'),
  // GHSA-69wv-m5fw-2fhp (JupyterHub): a right over a group did for what names no group.
  'a right over anything is enough': (access) =>
    typeof access === 'string' ? null : { ...access, filters: ['user', 'server', 'group', 'service'] },
  'it is about the caller, not about what the path names': (access) =>
    typeof access === 'string' || access.of === 'caller' ? null : { ...access, of: 'caller' },
}

/** Where the mistake changes nothing that anybody of the table could use. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  // Its handler asks for the scope once more: credentials may come in the body.
  createToken: [
    'whoever is known may do it',
    'a right over anything is enough',
    'it is about the caller, not about what the path names',
  ],
  // Only somebody with an administrator's right over themselves alone could tell.
  createUser: ['it is about the caller, not about what the path names'],
  createGroup: ['it is about the caller, not about what the path names'],
}

/** Scopes that a rule names although each includes another one of the rule: whoever reads it sees what it is about. */
const repeated = [
  'changeNamedServer without servers',
  'createNamedServer without servers',
  'getGroup without read:groups',
  'getService without read:services',
  'getUser without read:servers',
  'getUser without read:users',
  'startNamedServer without servers',
  'startServer without servers',
]

/** @returns whether the row of the table finds it. */
async function isFound(operation: string, access: Access): Promise<boolean> {
  const row = table[operation]
  assert.ok(row, operation)
  const bend = (route: ApiRoute): ApiRoute => (route.operationId === operation ? { ...route, access } : route)
  await using walker = openWalker(bend)
  return (await walker.walk(operation, row, 1)).length > 0
}

describe('a mistake in the access rule of a route', () => {
  let rules: readonly { readonly operationId: string; readonly access: Access }[] = []
  before(async () => {
    await using world = await openWorld()
    rules = world.routes.map(({ operationId, access }) => ({ operationId, access }))
  })
  for (const [mistake, make] of Object.entries(mistakes))
    it(`is found in every route: ${mistake}`, async () => {
      const missed: string[] = []
      let tried = 0
      for (const { operationId, access } of rules) {
        const wrong = make(access)
        if (wrong === null) continue
        tried += 1
        if (!(await isFound(operationId, wrong))) missed.push(operationId)
      }
      assert.ok(tried > 30, `${tried} routes`)
      const expected = Object.keys(harmless).filter((operation) => harmless[operation]?.includes(mistake))
      assert.deepEqual(missed.sort(), expected.sort())
    })

  it('is found in every rule of several scopes: one of them is left out', async () => {
    const several = rules.filter((each): each is { operationId: string; access: Rule } => {
      return typeof each.access === 'object' && each.access.anyOf.length > 1
    })
    assert.ok(several.length >= 3)
    const missed: string[] = []
    for (const { operationId, access } of several)
      for (const left of access.anyOf) {
        const [first, ...others] = access.anyOf.filter((scope) => scope !== left)
        assert.ok(first)
        const rule: Access = { ...access, anyOf: [first, ...others] }
        const bend = (route: ApiRoute): ApiRoute =>
          route.operationId === operationId ? { ...route, access: rule } : route
        await using walker = openWalker(bend)
        const row = table[operationId]
        assert.ok(row)
        if ((await walker.statusWith(row, [left])) === row.status) missed.push(`${operationId} without ${left}`)
      }
    assert.deepEqual(missed.sort(), repeated)
  })
})

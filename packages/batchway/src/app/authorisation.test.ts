/** Every route of the API, by every kind of caller: `testing/authorisation-table.ts` says what is to happen. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { scopeTable } from '../people/scope-table.ts'
import { table } from './testing/authorisation-table.ts'
import { openWalker } from './testing/authorisation-walk.ts'
import { openWorld } from './testing/authorisation-world.ts'

const walker = openWalker()
after(() => walker[Symbol.asyncDispose]())

describe('the table of who may do what', () => {
  it('has a row for every route of the API, and no other', async () => {
    await using world = await openWorld()
    assert.deepEqual(Object.keys(table).sort(), world.routes.map((route) => route.operationId).sort())
    for (const { operationId, method, path } of world.routes) {
      const [, asked = '', place = ''] = /^(\S+) ([^\s?]*)/.exec(table[operationId]?.request ?? '') ?? []
      const pattern = new RegExp(
        `^${path.replace('/{owner}/{name}', '/{owner}/[^/]*').replaceAll(/\{\w+\}/g, '[^/]+')}$`,
      )
      assert.ok(asked.toLowerCase() === method && pattern.test(place), `${operationId} asks ${asked} ${place}`)
    }
  })
  for (const [operation, row] of Object.entries(table))
    it(`is true of ${operation}`, async () => assert.deepEqual(await walker.walk(operation, row), []))
})

describe('each scope alone', () => {
  const known = [...Object.keys(scopeTable), 'custom:shelf:write']
  for (const [operation, row] of Object.entries(table))
    it(`opens ${operation} if the table says so, and else does not`, async () => {
      const opening = row.opens.split(' ').filter((scope) => !['', 'anybody', 'known'].includes(scope))
      assert.deepEqual(
        opening.filter((scope) => !known.includes(scope)),
        [],
      )
      const isForAll = row.opens.startsWith('anybody')
      const wrong: string[] = []
      for (const scope of known) {
        const status = await walker.statusWith(row, [scope])
        const isOpen = status === row.status
        if (isOpen !== (isForAll || opening.includes(scope))) wrong.push(`${scope}: ${status}`)
      }
      assert.deepEqual(wrong, [])
    })
})

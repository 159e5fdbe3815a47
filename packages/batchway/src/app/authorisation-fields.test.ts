/** What models show: exactly what the scopes of the caller reveal (`testing/authorisation-fields.ts`). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { scopeTable } from '../people/scope-table.ts'
import { cuts, fields } from './testing/authorisation-fields.ts'
import { base, openWorld, origin, type World } from './testing/authorisation-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

async function get(path: string, scopes: readonly string[]) {
  const headers = { Authorization: `token ${await world.tokenWith(scopes)}` }
  const response = await world.internalApp.fetch(new Request(`${origin}${base}hub/api${path}`, { headers }))
  const body: unknown = await response.json()
  assert.ok(typeof body === 'object' && body !== null)
  return { status: response.status, body, fields: Object.keys(body).sort() }
}

describe('each scope alone shows', () => {
  for (const [request, lines] of Object.entries(fields))
    it(`of ${request} exactly what the table says`, async () => {
      for (const scope of Object.keys(scopeTable)) {
        const { status, fields: seen } = await get(request, [scope])
        const want = lines[scope]
        assert.equal(status === 200, want !== undefined, `${scope}: ${status}`)
        if (want !== undefined) assert.deepEqual(seen, want.split(' ').sort(), scope)
      }
    })
})

describe('a filter', () => {
  const entries = (body: object): [string, unknown][] =>
    Array.isArray(body) ? body.map((each) => [Object(each).name, each]) : Object.entries(body)
  for (const { scopes, request, pick, seen } of cuts)
    it(`cuts ${pick} of ${request} for ${scopes.join(', ')}`, async () => {
      const answer = await get(request, scopes)
      assert.equal(answer.status, 200)
      const servers: object = Object(Object(answer.body).servers)
      const found = {
        names: entries(answer.body).map(([name]) => name),
        servers: Object.keys(servers),
        fields: answer.fields,
        states: entries(servers).flatMap(([name, server]) => ('state' in Object(server) ? [name] : [])),
      }[pick]
      assert.deepEqual(found.sort(), seen)
    })
})

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { groups } from './groups.ts'
import { removeRoutes, type StartedSite, startOurs } from './start-ours.ts'
import { openWorld, type World } from './world.ts'

let world: World
before(async () => {
  world = await openWorld({ withTls: false })
})
after(() => world[Symbol.asyncDispose]())

// Groups with certificates are tried beside configurable-http-proxy, in conformance.real.test.ts.
for (const group of groups.filter(({ needsTls }) => needsTls !== true))
  describe(`in configurable-http-proxy’s place, ${group.name}`, () => {
    let site: StartedSite
    before(async () => {
      site = await startOurs(group, world)
    })
    after(() => site[Symbol.asyncDispose]())

    for (const { what, run, ours } of group.rows)
      it(what, async () => {
        assert.deepEqual(await run(site), ours)
        if (group.apiTls === undefined) await removeRoutes(site)
      })
  })

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { groups } from './groups.ts'
import { runPeer, startPeer } from './peer.ts'
import { refusedLines } from './refused-rows.ts'
import { removeRoutes, type StartedSite, startOurs } from './start-ours.ts'
import { openWorld, type World } from './world.ts'

let world: World
before(async () => {
  world = await openWorld({ withTls: true })
})
after(() => world[Symbol.asyncDispose]())

describe('configurable-http-proxy 5.3 beside ours', { concurrency: 4 }, () => {
  for (const group of groups) {
    describe(group.name, { concurrency: 1 }, () => {
      let theirs: StartedSite
      before(async () => {
        theirs = await startPeer(group, world)
      })
      after(() => theirs[Symbol.asyncDispose]())

      for (const { what, run, ours, differs } of group.rows)
        it(what, async () => {
          assert.deepEqual(await run(theirs), differs === undefined ? ours : differs.theirs)
          if (differs !== undefined) assert.notDeepEqual(differs.theirs, ours, 'this difference is none')
          await removeRoutes(theirs)
        })
    })
    if (group.needsTls)
      describe(`ours, ${group.name}`, { concurrency: 1 }, () => {
        for (const { what, run, ours } of group.rows)
          it(what, async () => {
            await using site = await startOurs(group, world)
            assert.deepEqual(await run(site), ours)
          })
      })
  }
})

describe('command lines that configurable-http-proxy refuses', { concurrency: 2 }, () => {
  for (const { argv, theirs } of refusedLines.filter((line) => line.theirs === null))
    it(argv.join(' '), async () => {
      assert.equal(theirs, null)
      const { code, words } = await runPeer(argv)
      assert.equal(code === null || code === 0, false, words)
    })
})

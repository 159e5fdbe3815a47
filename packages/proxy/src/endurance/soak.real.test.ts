import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryFolder, until } from '../testing.ts'
import { runMixedLoad } from './mixed-load.ts'
import { openMoodyApplication, streamOf } from './moody-application.ts'
import { type Held, heldBy, startProxyProcess } from './proxy-process.ts'

/** Two minutes in each run; before a release an hour. */
const minutes = Number(process.env.BATCHWAY_TEST_SOAK_MINUTES ?? 2)

describe('hours of mixed load', () => {
  it('leave every stream right, and no socket, descriptor or memory behind', async (test) => {
    await using folder = await temporaryFolder()
    await using proxy = await startProxyProcess(join(folder.path, 'routes.json'))
    const { client, port, pid } = proxy
    await client.listRoutes()
    const before = heldBy(pid)
    const looks: Held[] = []
    const found = await runMixedLoad({
      client,
      port,
      milliseconds: minutes * 60_000,
      random: Math.random,
      onPause: () => looks.push(heldBy(pid)),
    })
    const peak = (part: readonly Held[]) => Math.max(...part.map(({ residentBytes }) => residentBytes)) / 2 ** 20
    const [early, late] = [peak(looks.slice(looks.length / 4, looks.length / 2)), peak(looks.slice(-looks.length / 4))]
    test.diagnostic(JSON.stringify({ done: found.done, before, last: looks.at(-1), early, late }))
    assert.deepEqual(found.wrong, [])
    // Half of what the second quarter needed, and something for the collector's moods: a leak per exchange is far more.
    assert.ok(late < early * 1.5 + 32, `memory grew from ${early} to ${late} MiB`)
    await until(
      () => {
        const now = heldBy(pid)
        return now.descriptors <= before.descriptors + 2 && now.sockets <= before.sockets && now.closeWait === 0
      },
      `all is given back: ${JSON.stringify({ before, now: heldBy(pid) })}`,
    )
  })

  it('would show bytes that are others than were sent', async () => {
    await using application = await openMoodyApplication()
    const answer = await fetch(`${application.target}/down?seed=1&size=1000&framing=length`)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const all = async (seed: number) => Buffer.concat(await streamOf(seed, 1_000).toArray())
    assert.ok(bytes.equals(await all(1)))
    assert.ok(!bytes.equals(await all(2)))
  })
})

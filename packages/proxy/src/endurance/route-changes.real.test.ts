import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../testing.ts'
import { startProxyProcess } from './proxy-process.ts'
import { changeRoutes, enough } from './route-changes.ts'

const seconds = Number(process.env.BATCHWAY_TEST_CHANGES_SECONDS ?? 5)
const rounds = Number(process.env.BATCHWAY_TEST_ROUNDS ?? 6)

describe('routes that change under load', () => {
  it('lead no request to where they no longer lead', async (test) => {
    await using folder = await temporaryFolder()
    await using proxy = await startProxyProcess(join(folder.path, 'routes.json'))
    const { clients, port } = proxy
    const found = await changeRoutes({ clients, port, milliseconds: seconds * 1000, rate: 1_000, random: Math.random })
    test.diagnostic(JSON.stringify({ ...found, stale: found.stale.length }))
    assert.deepEqual(found.stale, [])
    assert.ok(found.certain >= enough && found.changes >= enough, 'it was looked at')
  })

  it('would be seen to do so if the proxy had not heard of a change', async () => {
    await using folder = await temporaryFolder()
    await using proxy = await startProxyProcess(join(folder.path, 'routes.json'))
    const { clients, port } = proxy
    const options = { clients, port, milliseconds: 2_000, rate: 1_000, random: Math.random, forgetEvery: 2 }
    assert.ok((await changeRoutes(options)).stale.length > 0)
  })

  it('are complete after kill -9 at any moment: what was confirmed is there, and nothing that was not asked for', async () => {
    await using folder = await temporaryFolder()
    const snapshot = join(folder.path, 'routes.json')
    /** Path → target, as confirmed; of the change that was under way either is right. */
    const confirmed = new Map<string, string>()
    let underWay = new Map<string, string | null>()
    for (let round = 0; round < rounds; round += 1) {
      await using proxy = await startProxyProcess(snapshot)
      const found = await proxy.client.listRoutes()
      for (const [path, target] of confirmed)
        if (!underWay.has(path)) assert.equal(found.get(path)?.target, target, `${path}, round ${round}`)
      for (const path of found.keys()) assert.ok(confirmed.has(path) || underWay.has(path), `${path} is invented`)
      for (const [path, target] of underWay) {
        const now = found.get(path)?.target
        assert.ok([confirmed.get(path), target ?? undefined].includes(now), `${path} leads to ${now}`)
        if (now === undefined) confirmed.delete(path)
        else confirmed.set(path, now)
      }
      underWay = new Map()
      const change = async (worker: number): Promise<void> => {
        for (let count = 0; ; count += 1) {
          const path = `/user/w${worker}-${Math.floor(Math.random() * 100)}`
          const target = Math.random() < 0.2 ? null : `http://127.0.0.1:${1_000 + (count % 5_000)}`
          underWay.set(path, target)
          if (target === null) await proxy.client.removeRoute(path)
          else await proxy.client.addRoute(path, { target })
          if (target === null) confirmed.delete(path)
          else confirmed.set(path, target)
          underWay.delete(path)
        }
      }
      const workers = Array.from({ length: 8 }, (_, worker) => change(worker).catch(() => 'killed'))
      await sleep(Math.random() * 300)
      await proxy.kill()
      await Promise.all(workers)
    }
    assert.ok(confirmed.size > 0)
  })
})

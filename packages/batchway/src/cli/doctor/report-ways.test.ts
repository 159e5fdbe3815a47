import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCollector, reportsOnly, serve } from './collector.ts'
import { openWays, type WaysOrder } from './report-ways.ts'

const report = 'batchway-doctor=1\nhost=n1\ncomplete=1\n'

/** An address that is free now, and where nobody but this test looks for one. */
async function freeAddress(): Promise<string> {
  await using served = await serve('127.41.17.3', 0, () => {})
  return `127.41.17.3:${served.port}`
}
const orderOf = (address: string, change: Partial<WaysOrder> = {}): WaysOrder => ({
  hubUrl: `http://${address}/jupyter/hub/api`,
  internal: [address, 'unix:/run/hub.sock'],
  version: '0.1.0',
  site: 'k3fzzzzzz',
  isHubRunning: false,
  secret: 'f00',
  now: Date.now,
  ...change,
})

describe('openWays', () => {
  it('answers in the place of a hub that does not run, and takes reports there', async () => {
    await using ways = await openWays(orderOf(await freeAddress()))
    const [first = ''] = ways.collectors
    assert.equal(ways.byStandIn, true)
    assert.deepEqual(ways.refused, [])
    const answer = await fetch(first.replace(/\/doctor\/f00$/, ''))
    assert.deepEqual([answer.status, answer.headers.get('x-batchway-site')], [200, 'k3fzzzzzz'])
    assert.equal((await fetch(first, { method: 'POST', body: report })).status, 204)
    assert.equal(ways.collector.latest()?.facts.host, 'n1')
  })
  it('leaves the address alone where the hub runs, and takes reports at a port of its own', async () => {
    await using ways = await openWays(orderOf(await freeAddress(), { isHubRunning: true }))
    const [own = ''] = ways.collectors
    assert.equal(ways.byStandIn, false)
    assert.equal((await fetch(own, { method: 'POST', body: report })).status, 204)
  })
  it('goes on where somebody else holds the address', async () => {
    await using other = await serve('127.0.0.1', 0, reportsOnly(openCollector('/x', Date.now)))
    await using ways = await openWays(orderOf(`127.0.0.1:${other.port}`))
    assert.equal(ways.byStandIn, false)
    assert.deepEqual(ways.refused, [{ address: `127.0.0.1:${other.port}`, code: 'EADDRINUSE' }])
    assert.equal((await fetch(ways.collectors[0] ?? '', { method: 'POST', body: report })).status, 204)
  })
  it('gives its addresses back', async () => {
    const address = await freeAddress()
    for (let turn = 0; turn < 2; turn++) {
      await using ways = await openWays(orderOf(address))
      assert.equal(ways.byStandIn, true)
    }
  })
})

/**
 * The same bytes never mean different requests to the proxy and to what is behind it, be that Node, nginx, Python or Tornado.
 * `BATCHWAY_PROPERTY_RUNS` makes it longer, `BATCHWAY_TEST_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chapters } from '../../packages/proxy/src/conformance/table.ts'
import { testProxy } from '../../packages/proxy/src/testing.ts'
import { openRandom } from '../e2e/support/random.ts'
import { damage, markOf, softRequest } from './mutate.ts'
import { openRecordingRelay } from './recording-relay.ts'
import { assertSame, send, settled } from './same-meaning.ts'
import { shapes } from './shapes.ts'
import { openUpstream, upstreamNames } from './upstreams.ts'

const random = openRandom()
const runs = Number(process.env.BATCHWAY_PROPERTY_RUNS ?? 60)
/** Connections at once. */
const atOnce = 24

const fromTable = chapters.flatMap(({ rows }) =>
  rows.flatMap(({ client }) => (typeof client === 'string' ? [client] : [])),
)
const damaged = Array.from({ length: runs * 2 }, (_, index) => {
  const soft = softRequest(random, markOf(1, index)).bytes
  return `${soft}${damage(random, softRequest(random, markOf(2, index)).bytes)}`
})
const all = [...shapes.map(({ bytes }) => bytes), ...fromTable, ...damaged]

async function sendAll(
  port: number,
  texts: readonly string[],
  endMs: number,
  check: (group: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < texts.length; at += atOnce) {
    const group = texts.slice(at, at + atOnce)
    await Promise.all(group.map((text) => send(port, text, endMs)))
    await check(group)
  }
}

describe('what passes the proxy', { concurrency: true }, () => {
  for (const name of upstreamNames)
    it(`is read by ${name} as the requests that passed: as many, and the same ones`, async (t) => {
      await using upstream = await openUpstream(name)
      await using relay = await openRecordingRelay(upstream.port)
      await using proxy = await testProxy()
      await proxy.client.addRoute('/', { target: `http://127.0.0.1:${relay.port}` })

      await sendAll(proxy.port, all, 30_000, (group) =>
        assertSame(relay, upstream, () => group.map((text) => JSON.stringify(text.slice(0, 300))).join(`\n`)),
      )

      const { refused } = await settled(relay, upstream)
      // Python reads a hundred headers at most, Node a thousand with ours, and both say so; Node's connection ends, so it is asked twice.
      assert.ok(refused.length <= ({ python: 3, node: 2 }[String(name)] ?? 0), JSON.stringify(refused))
      const { whole, begun, trailing } = relay.passed()
      // Tornado takes a request with trailers for none: it says so, and the connection is not used again.
      assert.ok(trailing > 0, 'some with trailers passed')
      assert.equal(
        upstream.seen().filter((each) => /improperly terminated chunked/.test(each)).length,
        upstream.refusesTrailers ? trailing : 0,
      )
      t.diagnostic(
        `seed ${random.seed}: ${all.length} connections, ${whole.length} requests passed, ${begun.length} in part`,
      )
      assert.ok(whole.length > all.length / 2, 'enough passed')
      assert.ok(
        !whole.some((each) => each === 'GET /hidden') || whole.includes('GET /shape'),
        'what was hidden was sent as a request',
      )
    })

  for (const name of upstreamNames)
    it(`is not what ${name} reads without a proxy before it`, async (t) => {
      await using upstream = await openUpstream(name)
      await using relay = await openRecordingRelay(upstream.port)
      const texts = shapes.map(({ bytes }) => bytes)

      await sendAll(relay.port, texts, 1_000, async () => {})

      const { unread, invented } = await settled(relay, upstream)
      const broken = upstream.seen().filter((each) => each.startsWith('? '))
      t.diagnostic(
        `${unread.length} passed unread, ${invented.length} read that never passed, ${broken.length} taken for no request`,
      )
      assert.ok(unread.length + invented.length + broken.length > 20)
    })
})

/** What is remembered of requests is bounded, in number and in bytes. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isHost } from './forwarded.ts'
import { type HeaderPolicy, upstreamHeaders } from './headers.ts'
import { parseRequestHead } from './request-head.ts'
import { RouteTable } from './route-table.ts'
import { trustedFronts } from './trusted-fronts.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
const policy: HeaderPolicy = { guardedCookies: new Set(), identityHeaders: new Set() }
const origin = { client: null, proto: 'http', host: 'h', port: '80' } as const
const fixed = { origin, toHub: false, isFrontsOwn: false, attested: [], framing: 'none' } as const
const count = 500
const bytes = 30_000

/** @returns by how much the heap has grown (bytes). */
function grownBy(work: () => unknown): number {
  collect()
  const before = process.memoryUsage().heapUsed
  const result = work()
  collect()
  const grown = process.memoryUsage().heapUsed - before
  assert.notEqual(result, null) // it is still there
  return grown
}
const headOf = (index: number): string =>
  `GET / HTTP/1.1\r\nHost: some-host-${index}.example.org\r\nx-unusual-name-${index}: y\r\nX: ${'x'.repeat(bytes)}\r\n`.trimEnd()

// A name that was a piece of its head kept all of that: two thousand of them 60 MB, for ever.
it('names and hosts that were seen once do not keep the heads that they stood in', () => {
  const indices = Array.from({ length: count }, (_, index) => index)
  const remember = (): void => {
    for (const index of indices) {
      const { headers } = parseRequestHead(headOf(index))
      assert.ok(isHost(headers[1] ?? ''))
      upstreamHeaders({ raw: headers, ...fixed }, policy)
    }
  }
  assert.ok(grownBy(remember) < (count * bytes) / 10)
  // The count can see pieces that keep their heads.
  const kept = () => indices.map((index) => parseRequestHead(headOf(index + count)).headers[2])
  assert.ok(grownBy(kept) > (count * bytes) / 2)
})

it('however many names, hosts and peers come, and however long they are, few of them are kept', () => {
  const many = 50_000
  const trusted = trustedFronts(['10.0.0.1'])
  const meet = (index: number, length: number): void => {
    const [name, host] = [`x-odd-${index}-`.padEnd(length, 'y'), `host-${index}.${'z'.repeat(length)}`]
    const { headers } = parseRequestHead(`GET / HTTP/1.1\r\nHost: ${host}\r\n${name}: 1`)
    isHost(headers[1] ?? '')
    upstreamHeaders({ raw: headers, ...fixed }, policy)
    trusted.has(`10.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`)
  }
  // First the long ones, while there is still room.
  for (const [length, all] of [
    [bytes, count],
    [40, many],
  ] as const) {
    const grown = grownBy(() => {
      for (let index = 0; index < all; index++) meet(index, length)
    })
    assert.ok(grown < 2_000_000, `${grown} bytes for ${all} of ${length}`)
  }
})

it('routes that have gone leave nothing behind', () => {
  const table = new RouteTable<number>()
  table.set('/user', 0)
  const grown = grownBy(() => {
    for (let index = 0; index < 20_000; index++) {
      table.set(`/user/u${index}/named`, index)
      table.delete(`/user/u${index}/named`)
    }
  })
  assert.deepEqual([table.size, table.match(['user', 'u1', 'named'])], [1, 0])
  assert.ok(grown < 500_000, `${grown} bytes`)
})

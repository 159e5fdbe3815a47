import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { trustedFronts } from './trusted-fronts.ts'

describe('trustedFronts', () => {
  const rows: readonly (readonly [entry: string, peer: string, isFront: boolean])[] = [
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '::ffff:10.0.0.7', true],
    ['10.0.0.7', '10.0.0.70', false],
    ['10.0.0.7', '::10.0.0.7', false],
    ['10.0.0.7', '::FFFF:10.0.0.7', true],
    ['110.0.0.7', '1::ffff:10.0.0.7', false],
    ['2001:DB8::/32', '2001:db8::1', true],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.1.2.3/16', '10.1.9.9', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['2001:db8::/32', '2001:DB8:0:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', '127.0.0.1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['unix', 'unix', true],
    ['10.0.0.7', 'unix', false],
    ['unix', '127.0.0.1', false],
    ['127.0.0.1', '', false],
    ['127.0.0.1', 'localhost', false],
    ['127.0.0.1', '127.0.0.1, 10.0.0.1', false],
    ['127.0.0.0/8', '127.1', false],
  ]
  for (const [entry, peer, isFront] of rows)
    it(`${isFront ? 'takes' : 'does not take'} ${peer || 'nothing'} for ${entry}`, () => {
      const fronts = trustedFronts([entry])
      assert.equal(fronts.has(peer), isFront)
      assert.equal(fronts.has(peer), isFront, 'and remembers it so')
    })

  for (const entry of [
    '',
    'host',
    'x10.0.0.7',
    '10.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '::ffff:10.0.0.0/24',
    'UNIX',
    '1.2.3.4:80',
    '0.0.0.0/0',
    '::/0',
  ])
    it(`refuses ${JSON.stringify(entry)}`, () => assert.throws(() => trustedFronts([entry]), RangeError))

  it('agrees with arithmetic on every network', () =>
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.integer({ min: 1, max: 32 }), (net, near, prefix) => {
        const dotted = (n: number) => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
        // Mostly neighbours of the network, or nearly all would lie outside.
        const peer = (net ^ (near >>> (prefix - 1))) >>> 0
        const isInside = prefix === 32 ? net === peer : net >>> (32 - prefix) === peer >>> (32 - prefix)
        assert.equal(trustedFronts([`${dotted(net)}/${prefix}`]).has(dotted(peer)), isInside)
      }),
    ))

  it('keeps its answers when more peers came than it remembers', () => {
    const fronts = trustedFronts(['10.0.0.0/8'])
    for (let i = 0; i < 1_200; i += 1) fronts.has(`192.168.${i >> 8}.${i & 255}`)
    assert.deepEqual([fronts.has('10.9.9.9'), fronts.has('192.168.4.176'), fronts.has('unix')], [true, false, false])
  })
})

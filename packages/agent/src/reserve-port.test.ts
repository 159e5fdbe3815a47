import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { portsToChooseFrom, reserveLoopbackPort } from './reserve-port.ts'

/** Chance that says the given values first. */
const chance = (...values: readonly number[]): (() => number) => {
  const left = [...values]
  return () => left.shift() ?? Math.random()
}

describe('portsToChooseFrom', () => {
  for (const [range, expected] of [
    ['32768\t60999\n', [10_000, 32_767]],
    ['1024 60999', [61_000, 65_535]],
    ['10500 65000', [10_000, 65_535]],
    ['1024 5000', [10_000, 65_535]],
    ['', [10_000, 65_535]],
  ] as const)
    it(`leaves outgoing connections theirs: ${JSON.stringify(range)}`, () =>
      assert.deepEqual(portsToChooseFrom(range), expected))
})

describe('reserveLoopbackPort', () => {
  // Each run chooses another: tests of two trees may run beside each other.
  const chosen = Math.random()

  it('gives two agents two ports, though neither application has opened its own yet', async () => {
    using first = await reserveLoopbackPort(chance(chosen))
    using second = await reserveLoopbackPort(chance(chosen))

    assert.notEqual(second.port, first.port)
  })

  it('gives the same port again when it is no longer reserved', async () => {
    const first = await reserveLoopbackPort(chance(chosen))
    first[Symbol.dispose]()
    using second = await reserveLoopbackPort(chance(chosen))

    assert.equal(second.port, first.port)
  })

  it('leaves a port that somebody listens at', async () => {
    const first = await reserveLoopbackPort(chance(chosen))
    first[Symbol.dispose]()
    const other = createServer().listen(first.port, '127.0.0.1')
    await once(other, 'listening')
    using reserved = await reserveLoopbackPort(chance(chosen))

    assert.notEqual(reserved.port, first.port)
    other.close()
  })

  it('leaves the port for the application to open', async () => {
    using reserved = await reserveLoopbackPort()
    const application = createServer().listen(reserved.port, '127.0.0.1')

    await once(application, 'listening')

    application.close()
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openGate } from './gate.ts'

/** Work that ends when it is told to, and remembers the order in which it began. */
function openWork(atOnce: number) {
  const gate = openGate(atOnce)
  const begun: string[] = []
  const running: PromiseWithResolvers<void>[] = []
  let most = 0
  const send = (key: string, name = key, signal?: AbortSignal): Promise<void> =>
    gate.through(
      key,
      () => {
        begun.push(name)
        most = Math.max(most, gate.running)
        const end = Promise.withResolvers<void>()
        running.push(end)
        return end.promise
      },
      signal,
    )
  const endOne = async (): Promise<void> => {
    running.shift()?.resolve()
    await nextTurn()
  }
  return { gate, begun, send, endOne, most: () => most, running }
}

describe('a gate', () => {
  it('lets only so many run at once, and all in the end', async () => {
    const { gate, begun, send, endOne, most } = openWork(3)
    const all = Array.from({ length: 50 }, (_, index) => send('alice', `${index}`))
    await nextTurn()
    assert.deepEqual([gate.running, gate.waiting], [3, 47])
    while (gate.running > 0) await endOne()
    await Promise.all(all)
    assert.deepEqual([begun.length, most(), gate.waiting], [50, 3, 0])
  })

  it('gives each key its turn, however many another has waiting', async () => {
    const { gate, begun, send, endOne } = openWork(1)
    for (const name of ['a1', 'a2', 'a3', 'a4']) void send('alice', name)
    for (const name of ['b1', 'b2']) void send('bob', name)
    while (gate.running > 0) await endOne()
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3', 'b2', 'a4'])
  })

  it('goes on after work that failed', async () => {
    const gate = openGate(1)
    const failing = gate.through('alice', () => Promise.reject(new Error('no')))
    const next = gate.through('alice', async () => 'yes')
    await assert.rejects(failing, /no/)
    assert.equal(await next, 'yes')
    assert.equal(gate.running, 0)
  })

  it('lets go of who gives up while he waits, and runs nothing for him', async () => {
    const { gate, begun, send, endOne } = openWork(1)
    const stop = new AbortController()
    const given = new AbortController()
    given.abort()
    void send('alice', 'first')
    const second = send('bob', 'second', stop.signal)
    const third = send('bob', 'third')
    stop.abort()
    await assert.rejects(second, { kind: 'unavailable' })
    await assert.rejects(send('carol', 'never', given.signal), { kind: 'unavailable' })
    while (gate.running > 0) await endOne()
    await third
    assert.deepEqual(begun, ['first', 'third'])
    assert.deepEqual([gate.running, gate.waiting], [0, 0])
  })
})

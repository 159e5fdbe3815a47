import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { placeState, type StateFacts } from './place-state.ts'

const facts: StateFacts = {
  stateHome: '/home/alice/.local/state',
  dataHome: '/home/alice/.local/share',
  uid: 1001,
  networkOf: () => null,
}
const onNetwork = (path: string): string | null => (path.startsWith('/home/') ? 'NFS' : null)

describe('placeState', () => {
  it('stays at home on a local disk', () =>
    assert.deepEqual(placeState(facts), {
      directory: '/home/alice/.local/state/batchway',
      shared: '/home/alice/.local/state/batchway',
      words: null,
    }))
  it('keeps only what nodes must see in a home that hosts share, and says so', () => {
    const { directory, shared, words } = placeState({ ...facts, networkOf: onNetwork })
    assert.equal(directory, '/var/tmp/batchway-1001')
    assert.equal(shared, '/home/alice/.local/share/batchway')
    assert.match(words ?? '', /lies on NFS.*\/var\/tmp\/batchway-1001/)
  })
  it('does as it is told', () =>
    assert.deepEqual(placeState({ ...facts, asked: '/scratch/a', networkOf: onNetwork }), {
      directory: '/scratch/a',
      shared: '/scratch/a',
      words: null,
    }))
  it('refuses to be told a place where data gets lost', () =>
    assert.throws(
      () => placeState({ ...facts, asked: '/home/alice/b', networkOf: onNetwork }),
      /\/home\/alice\/b lies on NFS.*--state/,
    ))
  it('knows that sockets need short paths', () => {
    const long = `/${'x'.repeat(90)}`
    assert.throws(() => placeState({ ...facts, asked: long }), /too long a path/)
    const { directory, shared } = placeState({ ...facts, stateHome: long })
    assert.deepEqual([directory, shared], ['/var/tmp/batchway-1001', `${long}/batchway`])
  })
  it('counts bytes, not letters', () =>
    assert.throws(() => placeState({ ...facts, asked: `/${'ä'.repeat(60)}` }), /too long/))
})

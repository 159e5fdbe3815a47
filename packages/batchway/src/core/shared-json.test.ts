import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readShared, share } from './shared-json.ts'

const spec = (cores = 1) => ({ profile: { key: 'small' }, resources: { cores, gpus: 0 }, modules: ['python'] })

describe('values that are shared', () => {
  it('are one in memory, as made and as read, and nobody can change them', () => {
    const one = share(spec())
    assert.equal(share(spec()), one)
    assert.equal(readShared(JSON.stringify(spec())), one)
    assert.deepEqual(one, spec())
    assert.throws(() => Object.assign(one.resources, { cores: 99 }), TypeError)
    assert.throws(() => one.modules.push('x'), TypeError)
  })
  it('are others if they are not equal', () => {
    assert.notEqual(share(spec(77)), share(spec()))
    assert.equal(share(spec(77)).resources.cores, 77)
  })
  it('are kept for as many as fit, and right for all', () => {
    for (let cores = 1; cores <= 2_500; cores += 1) assert.equal(share(spec(cores)).resources.cores, cores)
  })
})

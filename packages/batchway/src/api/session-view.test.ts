import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toJobId } from '@batchway/schedulers'
import type { Facts } from '../sessions/session.ts'
import { toSessionView } from './session-view.ts'
import { alice, factsOf, sessionOf } from './testing/fake-hub.ts'

const settings = { base: '/', publicUrl: 'https://hpc.example.edu/' }
const pausedOf = (facts: Facts): boolean => toSessionView(sessionOf(alice, facts), settings).paused

describe('a session on the wire', () => {
  it('says when the scheduler has suspended it, whatever it was doing', () => {
    const queued = { hold: 'paused', reason: null, wait: 'normal', estimatedStartAt: null } as const
    assert.equal(pausedOf({ ...factsOf.ready, paused: true }), true)
    assert.equal(pausedOf(factsOf.ready), false)
    assert.equal(pausedOf({ state: 'queued', jobId: toJobId('7'), waiting: queued }), true)
    assert.equal(pausedOf({ state: 'queued', jobId: toJobId('7'), waiting: { ...queued, hold: 'held' } }), false)
    assert.equal(pausedOf({ state: 'submitting' }), false)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toJobId } from '@batchway/schedulers'
import { applicationPlaces } from '../core/application-hosts.ts'
import { plainOutcome } from '../sessions/decide-outcome.ts'
import type { Facts } from '../sessions/session.ts'
import { toSessionView } from './session-view.ts'
import { alice, factsOf, sessionOf } from './testing/fake-hub.ts'

const publicUrl = 'https://hpc.example.edu/'
const settings = { base: '/', publicUrl, places: applicationPlaces({ url: publicUrl }) }
const pausedOf = (facts: Facts): boolean => toSessionView(sessionOf(alice, facts), settings, null).paused

describe('a session on the wire', () => {
  it('says when the scheduler has suspended it, whatever it was doing', () => {
    const queued = { hold: 'paused', reason: null, wait: 'normal', estimatedStartAt: null } as const
    assert.equal(pausedOf({ ...factsOf.ready, paused: true }), true)
    assert.equal(pausedOf(factsOf.ready), false)
    assert.equal(pausedOf({ state: 'queued', jobId: toJobId('7'), waiting: queued }), true)
    assert.equal(pausedOf({ state: 'queued', jobId: toJobId('7'), waiting: { ...queued, hold: 'held' } }), false)
    assert.equal(pausedOf({ state: 'submitting' }), false)
  })

  it('says when the scheduler told of its job last, and that it is clearing up after it', () => {
    const askedAt = Date.parse('2026-11-19T11:26:00Z')
    const told = (facts: Facts, phase: 'running' | 'ending') => {
      const { ending, told } = toSessionView(sessionOf(alice, facts), settings, { askedAt, phase })
      return [ending, told]
    }
    const at = '2026-11-19T11:26:00.000000Z'
    assert.deepEqual(told(factsOf.ready, 'ending'), [true, at])
    assert.deepEqual(told(factsOf.ready, 'running'), [false, at])
    assert.deepEqual(told(factsOf.ended, 'ending'), [false, null])
    const { ending, told: never } = toSessionView(sessionOf(alice, factsOf.ready), settings, null)
    assert.deepEqual([ending, never], [false, null])
  })

  it('says what will end it soon, and what it used when it has ended', () => {
    const warning = { about: 'idle', limitSeconds: 600, endsAt: Date.parse('2026-11-19T11:26:00Z') } as const
    const warned = toSessionView(sessionOf(alice, { ...factsOf.ready, warnings: [warning] }), settings, null)
    assert.deepEqual(
      warned.warnings.map(({ about, ends }) => [about, ends]),
      [['idle', '2026-11-19T11:26:00.000000Z']],
    )
    assert.match(warned.warnings[0]?.sentence ?? '', /is stopped at 11:26 UTC/)
    assert.deepEqual(toSessionView(sessionOf(alice, factsOf.ready), settings, null).warnings, [])

    const outcome = plainOutcome('walltime', { use: { cpuSeconds: 12.5, memoryPeakMiB: 301 } })
    const ended = toSessionView(sessionOf(alice, { state: 'ended', outcome }), settings, null)
    assert.deepEqual(ended.outcome?.use, { cpu_seconds: 12.5, memory_peak_mib: 301 })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toJobId } from '@batchway/schedulers'
import type { Facts, Session, Warning } from './session.ts'
import { sampleSpec } from './testing/bench.ts'
import { warningsOf } from './warning-words.ts'

const say = { clock: (at: number) => `${at / 1000} s`, duration: (seconds: number) => `${seconds / 3600} h` }
const jobId = toJobId('42')
const ready = (warnings?: readonly Warning[]): Facts => ({
  state: 'ready',
  jobId,
  node: 'n1',
  claim: { id: 'c1', jobId, restart: 0, node: 'n1' },
  target: { host: 'n1', port: 5_000 },
  reachable: true,
  paused: false,
  ...(warnings && { warnings }),
})
const sessionIn = (facts: Facts): Session => ({
  id: 's1',
  userId: 1,
  userName: 'alice',
  serverName: '',
  account: 'alice',
  spec: sampleSpec(),
  facts,
  attempt: 1,
  version: 1,
  createdAt: 0,
  submittedAt: 0,
  startedAt: 0,
  readyAt: 0,
  endedAt: null,
  endsAt: null,
  lastActivityAt: null,
})

describe('warnings of a session', () => {
  it('say when, why and what to do, the nearest end first', () => {
    const session = sessionIn(
      ready([
        { about: 'idle', limitSeconds: 600, endsAt: 9_000 },
        { about: 'walltime', limitSeconds: 60, endsAt: 8_000 },
      ]),
    )
    assert.deepEqual(warningsOf(session, say), [
      {
        about: 'walltime',
        endsAt: 8_000,
        sentence: 'JupyterLab is closed at 8 s: its time of 1 h is nearly over.',
        next: 'Save your work now. What is only in memory is lost.',
      },
      {
        about: 'idle',
        endsAt: 9_000,
        sentence: 'JupyterLab is stopped at 9 s: nobody has used it for a while.',
        next: 'Open it and use it, and it goes on.',
      },
    ])
  })

  it('are none before the first, and none where nothing runs', () => {
    assert.deepEqual(warningsOf(sessionIn(ready()), say), [])
    assert.deepEqual(warningsOf(sessionIn({ state: 'submitting' }), say), [])
  })
})

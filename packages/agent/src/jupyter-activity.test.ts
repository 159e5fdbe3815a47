import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jupyterSign, readJupyterState } from './jupyter-activity.ts'

const status = { started: '2026-11-22T11:00:00Z', last_activity: '2026-11-22T12:00:00Z', connections: 0, kernels: 1 }
const kernel = (execution_state: string, connections = 0) => ({
  id: 'k',
  name: 'python3',
  execution_state,
  connections,
})
const quiet = { lastActivity: status.last_activity, isBusy: false }

describe('what Jupyter tells of itself', () => {
  for (const [title, kernels, isBusy] of [
    ['no kernel', [], false],
    ['a kernel that waits, with nobody there', [kernel('idle')], false],
    ['a kernel that died', [kernel('dead')], false],
    ['a kernel that computes', [kernel('idle'), kernel('busy')], true],
    ['a kernel whose start Jupyter never saw end', [kernel('starting'), kernel('restarting')], false],
    ['an open notebook whose kernel starts', [kernel('starting', 1)], true],
    ['an open notebook', [kernel('idle', 1)], true],
  ] as const)
    it(`${title} is ${isBusy ? 'use' : 'no use'}`, () => {
      assert.deepEqual(readJupyterState(status, kernels), { ...quiet, isBusy })
    })

  it('is nothing where it is not Jupyter that answers', () => {
    for (const [state, kernels] of [
      [{}, []],
      [null, []],
      ['x', []],
      [status, { message: 'Forbidden' }],
      [{ last_activity: 5 }, []],
    ])
      assert.equal(readJupyterState(state, kernels), null)
  })
})

describe('two looks at Jupyter', () => {
  const later = { ...quiet, lastActivity: '2026-11-22T12:00:01Z' }
  const earlier = { ...quiet, lastActivity: '2026-11-22T07:00:00Z' }
  it('tell use by what has changed, whatever the clocks say', () => {
    assert.equal(jupyterSign(null, quiet), 'used', 'the count begins with the first look')
    assert.equal(jupyterSign(quiet, quiet), 'quiet')
    assert.equal(jupyterSign(quiet, later), 'used')
    assert.equal(jupyterSign(quiet, earlier), 'used')
    assert.equal(jupyterSign(quiet, { ...quiet, isBusy: true }), 'used')
  })
})

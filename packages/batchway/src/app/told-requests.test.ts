import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Emit } from '../events/event-table.ts'
import { openToldRequests } from './told-requests.ts'

function bench() {
  const told: unknown[][] = []
  const emit: Emit = (name, fields) => void told.push([name, ...Object.values(fields)])
  let pass = (): void => {}
  const requests = openToldRequests(emit, (_ms, run) => {
    pass = run
    return () => {
      pass = () => {}
    }
  })
  const observe = (method: string, status: number, handler = 'api/users') =>
    requests.observe({ method, handler, status, ms: 1 })
  return { told, requests, observe, pass: () => pass() }
}

describe('requests that are told', () => {
  it('are those that were refused if they would have changed something, and all that met a fault', () => {
    const { told, observe } = bench()
    for (const [method, status] of [
      ['POST', 403],
      ['GET', 403],
      ['POST', 201],
      ['POST', 425],
      ['GET', 503],
    ] as const)
      observe(method, status)
    assert.deepEqual(told, [
      ['request.refused', 'POST', 'api/users', 403, 1],
      ['request.failed', 'GET', 'api/users', 503, 1],
    ])
  })

  it('do not fill the log: of a kind the first is told, and then how many more in each window, none lost', () => {
    const { told, observe, pass, requests } = bench()
    for (let n = 0; n < 1_000; n += 1) observe('POST', 403)
    observe('DELETE', 403)
    assert.equal(told.length, 2)
    pass()
    assert.deepEqual(told.at(-1), ['request.refused', 'POST', 'api/users', 403, 999])
    observe('POST', 403)
    assert.equal(told.length, 3, 'the next windows, too')
    pass()
    assert.deepEqual(told.at(-1), ['request.refused', 'POST', 'api/users', 403, 1])
    pass()
    observe('POST', 403)
    assert.equal(told.length, 5, 'after a quiet window at once')
    observe('POST', 403)
    requests[Symbol.dispose]()
    assert.deepEqual(told.at(-1), ['request.refused', 'POST', 'api/users', 403, 1])
  })

  it('are of as many kinds as there are handlers, whatever method a stranger makes up', () => {
    const { told, observe } = bench()
    for (let n = 0; n < 100; n += 1) observe(`M${n}`, 500)
    assert.deepEqual(told, [['request.failed', 'other', 'api/users', 500, 1]])
  })
})

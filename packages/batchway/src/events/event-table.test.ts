import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { auditActions } from '../people/audit.ts'
import { eventFields, eventNames, events, isEventName } from './event-table.ts'

describe('the table of events', () => {
  it('has a name of two words for each, at most 32 characters: the id of a syslog message', () => {
    for (const name of eventNames) assert.match(name, /^(?=.{1,32}$)[a-z]+\.[a-z-]+$/)
  })
  it('has an event for every action of the audit log but the end of a session', () => {
    const missing = Object.keys(auditActions).filter((action) => !isEventName(`audit.${action}`))
    assert.deepEqual(missing, ['session-end'])
  })
  it('describes no field that no event has', () => {
    const used = new Set<string>(Object.values(events).flatMap(({ fields }) => [...fields]))
    assert.deepEqual(
      Object.keys(eventFields).filter((name) => !used.has(name)),
      [],
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Waiting } from '../sessions/session.ts'
import { duration, memory } from './format.ts'
import { factsOf, noon, spec } from './testing/fake-rooms.ts'
import { waitingView } from './waiting-view.ts'

const say = { clock: (at: number) => new Date(at).toISOString().slice(11, 16), memory, duration }
const nothingSaid: Waiting = { hold: 'none', reason: null, wait: 'normal', estimatedStartAt: null }
const view = (waiting: Partial<Waiting>, isRequeued = false) =>
  waitingView({ ...factsOf.queued, waiting: { ...nothingSaid, ...waiting } }, spec, { isRequeued }, say)

describe('why a session waits', () => {
  it('is not known before the scheduler has said so', () => {
    const { sentence, cause, raw } = view({})
    assert.equal(sentence, 'Waiting for a place in batch.')
    assert.equal(cause, 'larch has taken it and has not said yet why it waits.')
    assert.equal(raw, null)
    assert.doesNotMatch(`${sentence} ${cause}`, /other jobs|estimate/i)
  })
  it('is told by the scheduler’s reason, with its word beside it', () => {
    const { sentence, cause, raw } = view({ reason: 'Priority', estimatedStartAt: noon })
    assert.equal(sentence, 'Waiting for 4 cores in batch. Expected start: 12:42.')
    assert.match(cause, /Other jobs are ahead/)
    assert.equal(raw, 'Priority')
  })
  it('says what a scheduler without reasons tells by its class', () =>
    assert.match(view({ wait: 'never' }).cause, /never run/))
  it('tells a user’s hold with the command that ends it, and an administrator’s without', () => {
    const own = view({ hold: 'held', wait: 'held', reason: 'JobHeldUser' })
    assert.match(own.sentence, /^Held: /)
    assert.match(own.cause, /You or a script of yours/)
    assert.equal(own.command, 'scontrol release 884213')
    const admin = view({ hold: 'held', wait: 'held', reason: 'JobHeldAdmin' })
    assert.match(admin.cause, /administrator/)
    assert.equal(admin.command, null)
    assert.equal(view({ hold: 'held', wait: 'held', reason: 'own hold' }).command, null, 'not a scheduler we know')
  })
  it('tells suspended and requeued as what they are', () => {
    assert.match(view({ hold: 'paused' }).sentence, /^Paused: larch suspended it\.$/)
    assert.match(view({ reason: 'BeginTime' }, true).sentence, /^Put back into the queue\. Waiting for 4 cores/)
    assert.match(view({}, true).sentence, /^Put back into the queue\. Waiting for a place/)
  })
})

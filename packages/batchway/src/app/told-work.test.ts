import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchwayError } from '../core/errors.ts'
import { toEventLine } from '../events/event-line.ts'
import type { Emit } from '../events/event-table.ts'
import type { AuditInput } from '../people/audit.ts'
import { InvalidChoices } from '../profiles/launch-model.ts'
import { openRequestScope } from './request-scope.ts'
import { toldAudit, toldChoice, toldRoutes } from './told-work.ts'

function listen() {
  const told: Record<string, unknown>[] = []
  const emit: Emit = (name, fields, { at = 0 } = {}) => {
    const { time, instance, ...rest } = JSON.parse(
      toEventLine(name, fields, { at }, { instance: '00', request: null }).text('json'),
    )
    told.push(rest)
  }
  return { told, emit }
}
/** Whatever looks like a token is one. */
const secret = 'Zm9yLXRoZS10ZXN0cy1vbmx5LTEyMzQ1Njc4OTAtYWJj'

describe('what the hub does, told', () => {
  it('has every entry of the audit log, after it was written, without what looks like a secret', async () => {
    const { told, emit } = listen()
    const order: string[] = []
    const audit = toldAudit(
      async ({ action }) => void order.push(action),
      (...given) => {
        order.push('event')
        emit(...given)
      },
      () => 0,
    )
    const entry: AuditInput = { actor: 'alice', action: 'token-created', object: 'alice', detail: `made ${secret}` }
    await audit(entry)
    await audit({ actor: 'system', action: 'session-end' })
    assert.deepEqual(order, ['token-created', 'event', 'session-end'])
    assert.deepEqual(told, [
      {
        event: 'audit.token-created',
        actor: 'alice',
        object: 'alice',
        address: '',
        way: '',
        result: 'ok',
        detail: 'made (removed)',
      },
    ])
  })

  it('has refused starts with their words, and no details of a fault', async () => {
    const { told, emit } = listen()
    const errors = [
      new InvalidChoices({ cores: 'At most 4.' }),
      new BatchwayError('limit_reached', 'Too many.'),
      new Error(`connect to postgres://batchway:${secret}@db failed`),
    ]
    for (const error of errors) {
      const choose = toldChoice(async () => Promise.reject(error), emit)
      await assert.rejects(choose({ name: 'alice' }, {}), error)
    }
    assert.deepEqual(
      told.map(({ event, user, code, words }) => [event, user, code, typeof words]),
      [
        ['session.refused', 'alice', 'invalid_choice', 'string'],
        ['session.refused', 'alice', 'limit_reached', 'string'],
        ['session.refused', 'alice', 'internal', 'object'],
      ],
    )
    assert.ok(!JSON.stringify(told).includes(secret))
  })

  it('has a proxy that falls silent once, its return, and what was mended', async () => {
    const { told, emit } = listen()
    const answers: (number | Error)[] = [0, new Error('away'), new Error('away'), 3]
    const unused = async (): Promise<void> => {}
    const routes = toldRoutes(
      {
        add: unused,
        remove: unused,
        cut: unused,
        want() {},
        async mend() {
          const answer = answers.shift() ?? 0
          if (answer instanceof Error) throw answer
          return answer
        },
      },
      emit,
      () => 5_000,
    )
    assert.equal(await routes.mend(), 0)
    await assert.rejects(routes.mend(), /away/)
    await assert.rejects(routes.mend(), /away/)
    assert.equal(await routes.mend(), 3)
    assert.deepEqual(
      told.map(({ event }) => event),
      ['proxy.silent', 'proxy.back', 'routes.mended'],
    )
  })

  it('carries the id of the request also in what goes on after its answer, and of no other', async () => {
    let id = 0
    const scope = openRequestScope(() => `r${++id}`)
    const later: (string | null)[] = []
    const after = Promise.withResolvers<void>()
    const app = scope.around({
      async fetch() {
        void after.promise.then(() => later.push(scope.current()))
        return new Response(scope.current())
      },
    })
    const answers = await Promise.all([app, app].map(async (each) => each.fetch(new Request('http://h/'))))
    assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), ['r1', 'r2'])
    assert.equal(scope.current(), null)
    after.resolve()
    await after.promise
    assert.deepEqual(later, ['r1', 'r2'])
  })
})

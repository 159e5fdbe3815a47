import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Session } from '../../sessions/session.ts'
import { factsOf, makeSession, makeUser, noon, spec } from '../testing/fake-rooms.ts'
import { peopleOn, placesIn } from './people-on.ts'
import { type PeopleQuery, readPeopleQuery, sortKeys, stateFilters, writePeopleQuery } from './people-query.ts'

const on = (id: number, name: string, facts: Session['facts'], more: Partial<Session> = {}) =>
  makeSession(`${name}${id}${facts.state}${more.serverName ?? ''}`, makeUser(id, name), facts, more)
const at = (partition: string) => ({ spec: { ...spec, jobOptions: { partition } } })
const house = [
  on(3, 'carol', factsOf.ready, { endsAt: noon + 60_000, lastActivityAt: noon - 9_000 }),
  on(1, 'alice', factsOf.ready, { endsAt: noon + 90_000, lastActivityAt: noon - 90_000 }),
  on(1, 'alice', factsOf.queued, { serverName: 'gpu', ...at('gpu') }),
  on(2, 'bob', factsOf.starting, { ...at('gpu'), account: 'b0b' }),
]
const names = (change: Partial<PeopleQuery>) =>
  peopleOn(house, { ...readPeopleQuery({}), ...change }).map(({ name, sessions }) => `${name} ${sessions.length}`)

describe('who is on', () => {
  it('are people, each with all of their sessions', () => {
    assert.deepEqual(names({}), ['alice 2', 'bob 1', 'carol 1'])
    assert.deepEqual(names({ isDescending: true }), ['carol 1', 'bob 1', 'alice 2'])
  })
  it('are found by state, place, and part of a name, an account, a server, a node or a job', () => {
    assert.deepEqual(names({ state: 'waiting' }), ['alice 2'])
    assert.deepEqual(names({ state: 'moving' }), ['bob 1'])
    assert.deepEqual(names({ place: 'larch/gpu' }), ['alice 2', 'bob 1'])
    assert.deepEqual(names({ place: 'larch/gpu', state: 'ready' }), [], 'one session has to fit, not two together')
    assert.deepEqual(names({ place: 'larch' }), ['alice 2', 'bob 1', 'carol 1'])
    for (const [q, found] of [
      ['ARO', ['carol 1']],
      ['b0b', ['bob 1']],
      ['gpu', ['alice 2']],
      ['n017', ['alice 2', 'bob 1', 'carol 1']],
      ['884213', ['alice 2', 'bob 1', 'carol 1']],
      ['nobody', []],
    ] as const)
      assert.deepEqual(names({ q }), found, q)
  })
  it('are sorted by state, time left and last use, those without one last', () => {
    assert.deepEqual(names({ sort: 'state' }), ['alice 2', 'carol 1', 'bob 1'])
    assert.deepEqual(names({ sort: 'left' }), ['carol 1', 'alice 2', 'bob 1'])
    assert.deepEqual(names({ sort: 'used' }), ['carol 1', 'alice 2', 'bob 1'])
  })
  it('are where there is somebody', () => assert.deepEqual(placesIn(house), ['larch', 'larch/batch', 'larch/gpu']))
})

describe('the address of a list', () => {
  it('comes back as it was written, for every choice', () => {
    for (const state of Object.keys(stateFilters) as PeopleQuery['state'][])
      for (const sort of sortKeys)
        for (const isDescending of [true, false])
          for (const [q, place, page] of [
            ['', '', 1],
            ['a&b=c #?', 'larch/ä', 77],
          ] as const) {
            const query = { q, state, place, sort, isDescending, page }
            assert.deepEqual(readPeopleQuery(Object.fromEntries(new URLSearchParams(writePeopleQuery(query)))), query)
          }
    assert.equal(writePeopleQuery(readPeopleQuery({})), '')
  })
  it('means the first list where it means nothing', () => {
    const first = readPeopleQuery({})
    for (const given of [
      { state: 'constructor' },
      { sort: '-toString' },
      { sort: '--user' },
      { page: '-1' },
      { page: '1e99' },
      { page: 'NaN' },
      { state: '__proto__', sort: '-' },
    ])
      assert.deepEqual(readPeopleQuery(given), first, JSON.stringify(given))
  })
})

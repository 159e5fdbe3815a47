import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTicket, TicketError } from './ticket.ts'

const ticket = {
  protocol: 2,
  session: 's1',
  attempt: 0,
  secret: 'topsecretvalue',
  hubUrl: 'http://login1:8081/hub/api',
  hubPatienceSeconds: 1_800,
}
const read = (changes: object) => parseTicket(JSON.stringify({ ...ticket, ...changes }))
const isRefused = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TicketError)
  assert.doesNotMatch(error.message, /topsecretvalue/)
  return words.test(error.message)
}

describe('a ticket', () => {
  it('is read as it is, without what nobody asked for', () => {
    assert.deepEqual(read({ more: 1 }), ticket)
    assert.deepEqual(read({ mark: true }), { ...ticket, mark: true })
    for (const mark of [false, 'true', 1]) assert.deepEqual(read({ mark }), ticket)
  })
  it('leads to the hub without the slashes at the end', () => {
    for (const end of ['', '/', '///']) assert.equal(read({ hubUrl: ticket.hubUrl + end }).hubUrl, ticket.hubUrl)
    assert.equal(read({ hubUrl: 'https://hub.test/' }).hubUrl, 'https://hub.test')
  })
  for (const key of ['session', 'secret', 'hubUrl'])
    it(`holds a text for ${key}`, () => {
      for (const odd of ['', 5, null, undefined]) assert.throws(() => read({ [key]: odd }), isRefused(new RegExp(key)))
    })
  for (const key of ['protocol', 'attempt', 'hubPatienceSeconds'])
    it(`holds a number for ${key}, from nought on`, () => {
      for (const odd of [-1, '5', null, undefined])
        assert.throws(() => read({ [key]: odd }), isRefused(new RegExp(key)))
      // JSON knows no infinity, but numbers that are one.
      const text = JSON.stringify({ ...ticket, [key]: 7 }).replace(`"${key}":7`, `"${key}":1e999`)
      assert.throws(() => parseTicket(text), isRefused(new RegExp(key)))
    })
  it('is an object, and its hub one of the web', () => {
    for (const text of ['null', '5', '"topsecretvalue"'])
      assert.throws(() => parseTicket(text), isRefused(/no.* object/))
    for (const text of ['', 'topsecretvalue', '{"secret":"topsecretvalue"'])
      assert.throws(() => parseTicket(text), isRefused(/not JSON/))
    for (const hubUrl of ['file:///topsecretvalue', 'topsecretvalue', 'httpx://a', 'xhttp://a'])
      assert.throws(() => read({ hubUrl }), isRefused(/hubUrl/))
  })
})

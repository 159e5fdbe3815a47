import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openOneTimeDisplay } from './one-time-display.ts'

describe('what is shown once', () => {
  it('is there for one look, to the one who has its key', () => {
    const shown = openOneTimeDisplay<string>(() => 0)
    shown.put('alice a1', 'secret')
    assert.equal(shown.take('bob a1'), null)
    assert.equal(shown.take('alice a1'), 'secret')
    assert.equal(shown.take('alice a1'), null)
  })
  it('does not wait for long', () => {
    let at = 0
    const shown = openOneTimeDisplay<string>(() => at)
    shown.put('a', 'secret')
    at = 60_000
    assert.equal(shown.take('a'), null)
  })
  it('keeps a bounded number, the newest ones', () => {
    const shown = openOneTimeDisplay<number>(() => 0)
    for (let count = 0; count < 1_500; count++) shown.put(String(count), count)
    assert.equal(shown.take('499'), null)
    assert.equal(shown.take('500'), 500)
    assert.equal(shown.take('1499'), 1_499)
  })
})

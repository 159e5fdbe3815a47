import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTurns } from './turns.ts'

/** A loop that turns when told, on a clock that moves when told. */
function fakeLoop() {
  let at = 0
  let due: (() => void)[] = []
  const turns = openTurns(
    () => at,
    (act) => void due.push(act),
  )
  return {
    turns,
    work: (ms: number) => {
      at += ms
    },
    /** @returns whether somebody waited for this turn. */
    turn(): boolean {
      const now = due
      due = []
      for (const act of now) act()
      return now.length > 0
    },
  }
}

describe('turns of the event loop', () => {
  it('lets many short pieces through in one turn', () => {
    const { turns } = fakeLoop()
    const done: number[] = []

    for (let piece = 0; piece < 100; piece++) turns.run(() => done.push(piece))

    assert.equal(done.length, 100)
  })

  it('keeps what comes after a long piece for later turns, in the order of asking', () => {
    const { turns, work, turn } = fakeLoop()
    const done: string[] = []
    const piece = (name: string) => () => {
      done.push(name)
      work(50)
    }

    for (const name of ['a', 'b', 'c']) turns.run(piece(name))
    const atOnce = [...done]
    turn()
    const afterOne = [...done]
    turns.run(piece('d'))
    while (turn());

    assert.deepEqual(atOnce, ['a'])
    assert.deepEqual(afterOne, ['a', 'b'])
    assert.deepEqual(done, ['a', 'b', 'c', 'd'])
  })

  it('counts anew in each turn', () => {
    const { turns, work, turn } = fakeLoop()
    const done: string[] = []

    turns.run(() => work(50))
    turn()
    turns.run(() => done.push('at once'))

    assert.deepEqual(done, ['at once'])
  })

  it('lets in more than one of those who wait, while the turn is young', () => {
    const { turns, work, turn } = fakeLoop()
    const done: number[] = []

    turns.run(() => work(50))
    for (let piece = 0; piece < 20; piece++) turns.run(() => void done.push(piece))
    turn()

    assert.equal(done.length, 20)
  })

  it('asks nothing of a loop in which nothing happens', () => {
    const { turns, turn } = fakeLoop()

    turns.run(() => {})
    turn()

    assert.equal(turn(), false)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, SchedulerError, toJobId } from '@batchway/schedulers'
import type { Attempt } from './session.ts'
import { emptyList, failingList } from './testing/fake-cluster.ts'
import { ended, minute, openPollerBed as openBed } from './testing/poller-bed.ts'

describe('what an answer means', () => {
  it('tells each session of its job: by id, and by tag while the id is unknown', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    bed.add('two', 'submitting', { phase: 'pending' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['running one', 'pending two'])
  })

  it('says the time at which the answer was asked for', async () => {
    const bed = openBed()
    bed.add('one', 'starting')
    const startedAt = bed.clock.now()
    bed.cluster.answer = async () => {
      await bed.clock.sleep(3_000, new AbortController().signal)
      return { complete: true, jobs: [...bed.cluster.jobs.values()] }
    }
    await using _ = bed.open()
    await bed.clock.advance(8_000)
    assert.deepEqual(bed.askedAts, [startedAt + 4_000])
  })

  for (const [what, answer] of Object.entries({
    'that fails': failingList,
    'that is garbage': () => {
      throw new SchedulerError('unreadable', 'slurm_load_jobs error: <html>')
    },
    'that makes the parser stumble': () => {
      throw new TypeError('undefined is not iterable')
    },
    'that is incomplete': () => ({ complete: false, jobs: [] }),
  }) as [string, () => JobList][]) {
    it(`changes nothing by a list ${what}, however often`, async () => {
      const bed = openBed()
      const ids = ['one', 'two'].map((id) => bed.add(id, 'ready'))
      bed.add('three', 'submitting')
      bed.cluster.hide(bed.add('four', 'submitting'))
      await using poller = bed.open()
      await bed.clock.advance(30_000)
      bed.told.length = 0
      bed.cluster.answer = answer
      for (const [index, id] of ids.entries())
        bed.cluster.accounting?.set(id, { ...ended, id, name: index === 0 ? 'b00one' : 'b00two' })

      await bed.clock.advance(10 * minute)

      assert.equal(bed.told.length, 0)
      bed.cluster.answer = emptyList // and the control: now accounting is asked, and believed
      poller.nudge()
      await bed.clock.advance(minute)
      assert.ok(bed.told.includes('vanished one completed'))
    })
  }

  it('keeps a row it cannot read from ending anything', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(31_000)
    bed.cluster.change(id, { phase: 'unknown' })
    await bed.clock.advance(5 * minute)
    assert.equal(bed.sessions.size, 1)
    assert.equal(bed.told.at(-1), 'unknown one')
  })

  it('goes on to the other sessions when one of them fails', async () => {
    const bed = openBed()
    for (const id of ['one', 'two']) bed.add(id, 'ready')
    bed.answerStatus(async ({ id }) => {
      if (id === 'one') throw new Error('the database is busy')
      bed.told.push(id)
    })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['two'])
  })
})

describe('whose job it is', () => {
  it('does not take a stranger’s job of the same name for ours, nor lets it hide ours', async () => {
    const bed = openBed()
    const own = bed.add('one', 'submitting', { phase: 'pending' })
    bed.cluster.add('b00one', 'mallory', { phase: 'running' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['pending one'])

    bed.cluster.hide(own)
    bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), jobId: null, firstSeenAt: null })
    await bed.clock.advance(5_000)
    assert.equal(bed.told.at(-1), 'absent one')
  })

  it('does not take another job under our id for ours: a scheduler set up anew counts from 1', async () => {
    for (const stranger of [{ owner: 'mallory' }, { name: 'mpi-run' }, { name: '' }]) {
      const bed = openBed()
      const id = bed.add('one', 'ready')
      bed.cluster.change(id, stranger)
      bed.cluster.accounting?.set(id, { ...ended, id, name: 'b00one', ...stranger })
      bed.cluster.answerOwner = failingList
      await using _ = bed.open()
      await bed.clock.advance(10 * minute)
      assert.deepEqual(bed.told, [])
      bed.cluster.answerOwner = null // and he is told that he has no such job
      await bed.clock.advance(11 * minute)
      assert.deepEqual(bed.told, ['vanished one'])
    }
  })

  it('takes an id that the submit printed for a hint, and the job of our tag for ours, whatever its id', async () => {
    for (const stranger of [{ phase: 'running' }, { phase: 'ended', end: { kind: 'cancelled' } }, null] as const) {
      const bed = openBed()
      bed.add('one', 'submitting', { phase: 'pending' })
      const other = bed.cluster.add('mpi-run', 'alice', stranger ?? {})
      if (stranger === null) bed.cluster.hide(other)
      bed.cluster.accounting?.set(other, { ...ended, id: other, name: 'mpi-run' })
      const printed = { jobId: other, submit: 'accepted' as const }
      bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), ...printed })
      await using _ = bed.open()
      await bed.clock.advance(5_000)
      assert.deepEqual(bed.told, ['pending one'])
      assert.equal(bed.cluster.calls.history, 0)
    }
  })

  it('says of a tag that it does not see whether it sees others of ours', async () => {
    for (const others of [0, 1]) {
      const bed = openBed()
      bed.cluster.hide(bed.add('one', 'submitting'))
      if (others > 0) bed.add('two', 'ready')
      await using _ = bed.open()
      await bed.clock.advance(5_000)
      assert.equal(bed.withoutTag[0]?.showsOthers, others > 0)
    }
  })

  it('says of a tag that it does not see since when it answers, counted anew after each failure', async () => {
    const bed = openBed()
    bed.cluster.hide(bed.add('one', 'submitting'))
    await using poller = bed.open()
    await bed.clock.advance(30_000)
    const [first] = bed.answers
    assert.deepEqual([...new Set(bed.withoutTag.map(({ steadySince }) => steadySince))], [first])
    assert.equal(poller.health().steadySince, first)

    bed.cluster.answer = failingList
    const from = bed.clock.now()
    await bed.clock.advance(2 * minute)
    const { failingSince } = poller.health()
    assert.ok(failingSince !== null && failingSince <= from + 5_000, 'since the first failure')
    bed.cluster.answer = null
    const [before, asked] = [bed.withoutTag.length, bed.answers.length]
    await bed.clock.advance(minute)
    const again = bed.answers[asked]
    assert.deepEqual([...new Set(bed.withoutTag.slice(before).map(({ steadySince }) => steadySince))], [again])
    assert.equal(poller.health().steadySince, again)
    const answered = bed.answers.length - asked
    assert.ok(answered >= 12 && answered <= 16, `${answered} in a minute: as often as before`)
  })

  it('prefers the living one of two jobs of one tag', async () => {
    const bed = openBed()
    bed.add('one', 'submitting', { phase: 'ended', end: { kind: 'failed' } })
    bed.cluster.add('b00one', 'alice', { phase: 'pending' })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['pending one'])
  })
})

describe('a long answer', () => {
  it('lets others have their turn after a hundred sessions, and after two thousand rows', async () => {
    const bed = openBed({ turns: 40 })
    for (let index = 0; index < 1_000; index += 1) bed.add(`s${index}`, 'ready')
    let turn = 0
    let next: NodeJS.Immediate | undefined
    const count = (): void => {
      turn += 1
      next = setImmediate(count)
    }
    const [sessions, rows] = [new Map<number, number>(), new Map<number, number>()]
    const note = (turns: Map<number, number>): void => void turns.set(turn, (turns.get(turn) ?? 0) + 1)
    const own = [...bed.cluster.jobs.values()]
    const others = Array.from({ length: 10_000 }, (_, index) => ({
      name: 'mpi-run',
      owner: 'bob',
      phase: 'running' as const,
      rawState: 'R',
      restarts: 0,
      get id() {
        note(rows)
        return toJobId(String(1_000_000 + index))
      },
    }))
    bed.cluster.answer = () => ({ complete: true, jobs: [...others, ...own] })
    bed.answerStatus(async () => note(sessions))
    await using _ = bed.open()
    count()
    await bed.clock.advance(5_000)
    clearImmediate(next)
    for (const [turns, total, most] of [
      [sessions, 1_000, 100],
      [rows, 10_000, 2_000],
    ] as const) {
      assert.equal(
        [...turns.values()].reduce((sum, each) => sum + each),
        total,
      )
      assert.ok(Math.max(...turns.values()) <= most, `${Math.max(...turns.values())} in one turn`)
    }
  })
})

describe('how often it asks', () => {
  it('keeps to 20 calls in any minute with 1,000 sessions, however often it is nudged and asked', async () => {
    const bed = openBed({ turns: 24 })
    const calls: number[] = []
    bed.cluster.answer = () => {
      calls.push(bed.clock.now())
      return { complete: true, jobs: [] }
    }
    for (let index = 0; index < 1_000; index += 1) bed.add(`s${index}`, index % 2 ? 'queued' : 'starting')
    await using poller = bed.open()
    const asks: Promise<unknown>[] = []
    for (let second = 0; second < 180; second += 1) {
      poller.nudge()
      asks.push(poller.ask(bed.clock.now()).catch(() => {}))
      await bed.clock.advance(1_000)
    }
    for (const [index, at] of calls.entries()) {
      const inMinute = calls.slice(index).filter((other) => other < at + minute).length
      assert.ok(inMinute <= 20, `${inMinute} calls in a minute`)
    }
    assert.ok(calls.length > 40, 'and uses what it may')
    await Promise.all(asks.slice(0, -1))
  })

  it('asks steadily while anything lives, and seldom for nobody', async () => {
    for (const [state, fewest, most] of [
      ['starting', 145, 152],
      ['queued', 145, 152],
      ['ready', 145, 152],
      [null, 30, 40],
    ] as const) {
      const bed = openBed()
      if (state) bed.add('one', state, state === 'queued' ? { phase: 'pending' } : {})
      await using _ = bed.open()
      await bed.clock.advance(10 * minute)
      const { list } = bed.cluster.calls
      assert.ok(list >= fewest && list <= most, `${state}: ${list}`)
    }
  })

  it('keeps asking for a while after the last session, and for as long as something is left over', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(minute)
    bed.sessions.clear()
    const at = bed.clock.now()
    await bed.clock.advance(29_000)
    assert.ok(bed.answers.filter((asked) => asked >= at).length >= 7)
    await bed.clock.advance(minute)
    bed.leftovers.add('101')
    await bed.clock.advance(21_000)
    const from = bed.clock.now()
    await bed.clock.advance(minute)
    assert.ok(bed.answers.filter((asked) => asked >= from).length >= 14)
  })

  it('tells of what happens to a thousand sessions within five seconds, with calls of a second and no word of any agent', async () => {
    const bed = openBed({ turns: 24 })
    const ids = Array.from({ length: 1_000 }, (_, index) => bed.add(`s${index}`, 'ready'))
    bed.cluster.answer = async () => {
      const jobs = [...bed.cluster.jobs.values()]
      await bed.clock.sleep(1_000, new AbortController().signal)
      return { complete: true, jobs }
    }
    const changedAt = new Map<string, number>()
    const waits: number[] = []
    bed.answerStatus(async ({ id }, _, status) => {
      const at = changedAt.get(id)
      if (status.phase === 'running' || at === undefined) return
      changedAt.delete(id)
      waits.push(bed.clock.now() - at)
    })
    await using _ = bed.open()
    await bed.clock.advance(10_000)
    for (let index = 0; index < 100; index += 1) {
      const id = ids[index * 7]
      if (!id) continue
      bed.cluster.change(id, index % 2 ? { phase: 'paused' } : { phase: 'ended', end: { kind: 'failed' } })
      changedAt.set(`s${index * 7}`, bed.clock.now())
      await bed.clock.advance(730)
    }
    await bed.clock.advance(10_000)
    waits.sort((a, b) => a - b)
    assert.equal(waits.length, 100)
    assert.ok((waits[94] ?? Number.POSITIVE_INFINITY) <= 5_000, `p95 ${waits[94]} ms`)
    const minutes = (bed.clock.now() - (bed.answers[0] ?? 0)) / minute
    assert.ok(bed.cluster.calls.list / minutes <= 20, `${bed.cluster.calls.list / minutes} calls a minute`)
  })

  it('asks at once when nudged, and once for many nudges', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    assert.equal(bed.cluster.calls.list, 1)
    for (let nudge = 0; nudge < 10; nudge += 1) poller.nudge()
    await bed.clock.advance(1_000)
    assert.equal(bed.cluster.calls.list, 2)
  })

  it('does not lose a nudge that comes while a call runs', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    const call = Promise.withResolvers<JobList>()
    bed.cluster.answer = () => call.promise
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    poller.nudge()
    bed.cluster.answer = null
    call.resolve(emptyList())
    await bed.clock.advance(1_000)
    assert.equal(bed.cluster.calls.list, 2)
  })

  it('backs off from a scheduler that fails, and is back soon when somebody asks', async () => {
    const bed = openBed()
    bed.add('one', 'starting')
    bed.cluster.answer = failingList
    await using poller = bed.open()
    await bed.clock.advance(20 * minute)
    const quiet = bed.cluster.calls.list
    assert.ok(quiet >= 40 && quiet <= 45, `${quiet}`)
    assert.equal(poller.stats().failures, quiet)
    assert.equal(poller.health().steadySince, null)
    assert.equal(poller.health().words, 'Unable to contact slurm controller')

    for (let second = 0; second < 60; second += 1) {
      poller.nudge()
      await bed.clock.advance(1_000)
    }
    const impatient = bed.cluster.calls.list - quiet
    assert.ok(impatient >= 5 && impatient <= 7, `${impatient}`)

    bed.cluster.answer = null
    poller.nudge()
    await bed.clock.advance(11_000)
    assert.ok(poller.health().steadySince !== null && poller.health().failingSince === null)
  })
})

describe('ask', () => {
  it('gives the last answer if it is fresh enough', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    const { askedAt } = await poller.ask(bed.clock.now() - 30_000)
    assert.ok(askedAt < bed.clock.now())
    assert.equal(bed.cluster.calls.list, 1)
  })

  it('never passes off an answer that began earlier: who asks during a call waits for the next', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    const call = Promise.withResolvers<JobList>()
    bed.cluster.answer = () => call.promise
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    const since = bed.clock.now()
    const asked = poller.ask(since)
    bed.cluster.answer = null
    call.resolve(emptyList())
    await bed.clock.advance(1_000)
    const { askedAt, list } = await asked
    assert.ok(askedAt >= since)
    assert.equal(list.jobs.length, 1)
  })

  it('shares one call among all who ask', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    await using poller = bed.open()
    const asked = Array.from({ length: 90 }, () => poller.ask(bed.clock.now()))
    await bed.clock.advance(1_000)
    await Promise.all(asked)
    assert.equal(bed.cluster.calls.list, 1)
  })

  it('fails while the scheduler fails, and when the hub stops', async () => {
    const bed = openBed()
    bed.add('one', 'ready')
    bed.cluster.answer = failingList
    const poller = bed.open()
    const first = poller.ask(bed.clock.now())
    const refused = assert.rejects(first, { kind: 'unavailable' })
    await bed.clock.advance(1_000)
    await refused
    await assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })

    bed.cluster.answer = null
    await bed.clock.advance(minute)
    const last = assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })
    await poller[Symbol.asyncDispose]()
    await last
    await assert.rejects(poller.ask(bed.clock.now()), { kind: 'unavailable' })
  })
})

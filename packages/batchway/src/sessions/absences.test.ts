import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type JobList, SchedulerError } from '@batchway/schedulers'
import type { Attempt } from './session.ts'
import { emptyList } from './testing/fake-cluster.ts'
import { ended, minute, openPollerBed as openBed } from './testing/poller-bed.ts'

/** The owner's word cannot be had: no rule of sudo allows it, say. */
const noOwner = (): never => {
  throw new SchedulerError('unavailable', 'sudo did not run the command as alice: no rule allows it')
}

describe('gone needs proof', () => {
  it('believes accounting at the second absence', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    bed.cluster.end(id, { kind: 'walltime' })
    bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(4_000)
    assert.equal(bed.cluster.calls.history, 0)
    await bed.clock.advance(4_000)
    assert.deepEqual(bed.told, ['vanished one walltime'])
  })

  it('without accounting needs the word of the scheduler to the owner, and a silent agent', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    bed.cluster.hide(id)
    bed.told.length = 0
    for (let second = 0; second < 10 * 60; second += 10) {
      bed.heard.set('one', bed.clock.now())
      await bed.clock.advance(10_000)
    }
    assert.deepEqual(bed.told, [])
    await bed.clock.advance(30_000)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('is not an owner’s list that shows him a part of his jobs', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    bed.cluster.hide(id)
    bed.told.length = 0
    bed.cluster.answerOwner = () => ({ complete: false, jobs: [] })
    await bed.clock.advance(10 * minute)
    assert.deepEqual(bed.told, [])
    bed.cluster.answerOwner = emptyList
    await bed.clock.advance(minute)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('is not an owner’s list from before the job was missing', async () => {
    const bed = openBed()
    const first = bed.add('one', 'ready')
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    bed.cluster.hide(first)
    await bed.clock.advance(10_000)
    assert.equal(bed.cluster.calls.list, 3 + 1, 'the owner was told that he has none')

    const late = Promise.withResolvers<JobList>()
    using _late = { [Symbol.dispose]: () => late.resolve(emptyList()) }
    bed.cluster.answerOwner = () => late.promise
    const second = bed.add('two', 'ready')
    await bed.clock.advance(4_000)
    bed.cluster.hide(second)
    await bed.clock.advance(40_000)
    assert.deepEqual(
      bed.told.filter((words) => words.startsWith('vanished')),
      ['vanished one'],
    )
  })

  it('is not an owner’s word of minutes ago: he is asked anew, but not again while he is waited for', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    bed.cluster.accounting = null
    const answers = [emptyList()]
    const late = Promise.withResolvers<JobList>()
    let asked = 0
    bed.cluster.answerOwner = () => {
      asked += 1
      return answers.pop() ?? late.promise
    }
    await using _ = bed.open()
    using _late = { [Symbol.dispose]: () => late.resolve(emptyList()) }
    await bed.clock.advance(5_000)
    bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(10 * minute)
    assert.deepEqual([bed.told, asked], [[], 2])
    late.resolve(emptyList())
    await bed.clock.advance(10_000)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('where the owner cannot be asked, never says so of a job that the channel has not shown', async () => {
    const bed = openBed()
    const id = bed.add('one', 'queued')
    bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), firstSeenAt: null })
    bed.add('two', 'ready')
    bed.cluster.answerOwner = noOwner
    bed.cluster.hide(id)
    await using _ = bed.open()
    await bed.clock.advance(60 * minute)
    assert.ok(!bed.told.includes('vanished one'))
  })

  it('does not soon believe an absence that accounting contradicts, or cannot be asked about', async () => {
    for (const [how, patient] of [
      ['alive', minute],
      ['no answer', 5 * minute],
    ] as const) {
      const bed = openBed()
      const id = bed.add('one', 'ready')
      await using _ = bed.open()
      await bed.clock.advance(5_000)
      if (how === 'alive') bed.cluster.accounting?.set(id, { ...ended, id, name: 'b00one', phase: 'running' })
      else bed.cluster.accounting = null
      bed.cluster.hide(id)
      bed.told.length = 0
      await bed.clock.advance(patient - 10_000)
      assert.deepEqual(bed.told, [], how)
      await bed.clock.advance(30_000)
      assert.deepEqual(bed.told, ['vanished one'], how)
    }
  })

  it('distrusts an answer that has lost many at once, and asks accounting for all of them in one call', async () => {
    const bed = openBed()
    const ids = ['one', 'two', 'three', 'four'].map((id) => bed.add(id, 'ready'))
    bed.cluster.answerOwner = noOwner
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    for (const id of ids) bed.cluster.hide(id)
    bed.told.length = 0
    await bed.clock.advance(10 * minute)
    assert.deepEqual(bed.told, [])

    const [calls, lists] = [bed.cluster.calls.history, bed.cluster.calls.list]
    for (const { tag, jobId } of bed.attempts.values())
      if (jobId !== null) bed.cluster.accounting?.set(jobId, { ...ended, id: jobId, name: tag })
    await bed.clock.advance(5_000)
    assert.equal(bed.told.length, 4)
    assert.ok(bed.cluster.calls.history - calls <= bed.cluster.calls.list - lists)
  })

  it('distrusts neither two that are gone nor three of seven', async () => {
    for (const [gone, seen] of [
      [2, 1],
      [3, 4],
    ] as const) {
      const bed = openBed()
      const ids = Array.from({ length: gone }, (_, index) => bed.add(`g${index}`, 'ready'))
      for (let index = 0; index < seen; index += 1) bed.add(`s${index}`, 'ready')
      bed.cluster.answerOwner = noOwner
      await using _ = bed.open()
      await bed.clock.advance(5_000)
      for (const id of ids) bed.cluster.hide(id)
      await bed.clock.advance(40_000)
      assert.equal(bed.told.filter((words) => words.startsWith('vanished')).length, gone, `${gone} of ${gone + seen}`)
    }
  })

  it('forgets what was missing of a session that ended otherwise', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    bed.add('two', 'ready')
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    bed.cluster.hide(id)
    await bed.clock.advance(4_000)
    assert.equal(poller.health().missing, 1)
    bed.sessions.delete('one')
    await bed.clock.advance(4_000)
    assert.equal(poller.health().missing, 0)
  })

  it('does not distrust it for ever: the list shows others of ours for a minute, or the walltime is over', async () => {
    for (const how of ['others', 'walltime', 'neither'] as const) {
      const bed = openBed()
      const ids = ['one', 'two', 'three', 'four'].map((id) => bed.add(id, 'ready'))
      if (how === 'others') bed.add('five', 'ready')
      if (how === 'walltime') {
        for (const [id, session] of bed.sessions) bed.sessions.set(id, { ...session, endsAt: bed.clock.now() + minute })
      }
      bed.cluster.answerOwner = noOwner
      await using _ = bed.open()
      await bed.clock.advance(5_000)
      for (const id of ids) bed.cluster.hide(id)
      await bed.clock.advance(50_000)
      assert.ok(!bed.told.some((line) => line.startsWith('vanished')), how)
      await bed.clock.advance(6 * minute)
      const gone = bed.told.filter((line) => line.startsWith('vanished')).length
      assert.equal(gone, how === 'neither' ? 0 : 4, how)
    }
  })

  it('ends nothing when PrivateData is switched on at run time: each owner is asked, and his jobs are followed', async () => {
    const bed = openBed()
    const ids = ['one', 'two', 'three', 'four', 'five'].map((id) => bed.add(id, 'ready'))
    for (const [index, [name, session]] of [...bed.sessions].entries()) {
      const account = `user${index % 3}`
      bed.sessions.set(name, { ...session, account })
      const id = ids[index]
      if (id) bed.cluster.change(id, { owner: account })
    }
    await using poller = bed.open()
    await bed.clock.advance(5_000)
    bed.told.length = 0
    bed.cluster.answer = emptyList
    bed.cluster.accounting = null
    const before = bed.cluster.calls.list
    await bed.clock.advance(30 * minute)
    assert.ok(!bed.told.some((line) => line.startsWith('vanished')))
    assert.equal(poller.health().missing, 5)
    assert.ok((bed.cluster.calls.list - before) / 30 <= 15 + 9, 'asking owners has its own small budget')

    const [first, second] = ids
    bed.told.length = 0
    if (first) bed.cluster.change(first, { phase: 'paused' })
    if (second) bed.cluster.end(second, { kind: 'walltime' })
    await bed.clock.advance(2 * minute)
    assert.ok(bed.told.includes('paused one') && bed.told.includes('ended two'))

    bed.cluster.answer = null // switched off again
    await bed.clock.advance(5_000)
    assert.equal(poller.health().missing, 0)
  })

  it('does not ask as an owner again at once when that is not allowed', async () => {
    const bed = openBed()
    const id = bed.add('one', 'ready')
    let asked = 0
    bed.cluster.answerOwner = () => {
      asked += 1
      return noOwner()
    }
    bed.cluster.hide(id)
    await using _ = bed.open()
    await bed.clock.advance(30 * minute)
    assert.ok(asked >= 2 && asked <= 4, `${asked}`)
  })

  it('believes the scheduler that tells the owner there is no such job, in an answer asked for after that', async () => {
    const bed = openBed()
    const id = bed.add('one', 'stopping')
    bed.cluster.hide(id)
    bed.cluster.answerOwner = noOwner
    await using _ = bed.open()
    await bed.clock.advance(minute)
    assert.deepEqual(bed.told, [])
    bed.denied.set('one', bed.clock.now())
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['vanished one'])
  })

  it('does not count an answer that was asked for before the job was there', async () => {
    const bed = openBed()
    const id = bed.add('one', 'stopping')
    bed.cluster.end(id, { kind: 'cancelled' })
    bed.cluster.hide(id)
    bed.attempts.set('one', { ...(bed.attempts.get('one') as Attempt), acceptedAt: bed.clock.now() + 4_000 })
    await using _ = bed.open()
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, [])
    await bed.clock.advance(5_000)
    assert.deepEqual(bed.told, ['vanished one cancelled'])
  })
})

/** The contract of SessionStore: every database must pass it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Facts } from '../../sessions/session.ts'
import { listAgentUse } from '../agent-use.ts'
import { sessionStore } from '../session-store.ts'
import { type Bench, race } from './bench.ts'
import { ended, jobId, sampleAttempt, sampleClaim, sampleSession } from './samples.ts'

export function sessionStoreContract(
  name: string,
  openBench: () => Promise<Bench>,
  /** Other processes can open the same data. */
  shared: boolean,
): void {
  /** A store on a database of its own, with session `s1`. */
  const withStore = async (
    test: (store: ReturnType<typeof sessionStore>, bench: Bench) => Promise<void>,
  ): Promise<void> => {
    await using bench = await openBench()
    await using database = bench.open()
    const store = sessionStore(database)
    assert.equal(await store.insert(sampleSession(), sampleAttempt()), true)
    await test(store, bench)
  }

  describe(`SessionStore on ${name}`, () => {
    it('gives back what was stored, to the last field', () =>
      withStore(async (store) => {
        assert.deepEqual(await store.find('s1'), { ...sampleSession(), version: 1 })
        assert.deepEqual(await store.findAttempt('s1', 1), sampleAttempt())
        assert.deepEqual(await store.findAttemptByTag('b-s1-1'), sampleAttempt())
        assert.equal(await store.find('s2'), null)
        assert.equal(await store.findAttempt('s1', 2), null)
      }))

    it('refuses a second session while the first has not ended, and takes it afterwards', () =>
      withStore(async (store) => {
        const second = sampleSession({ id: 's2', createdAt: 1_500 })
        assert.equal(await store.insert(second, sampleAttempt({ sessionId: 's2' })), false)
        assert.equal(await store.findAttempt('s2', 1), null, 'the attempt of a refused session')
        assert.equal(
          await store.insert({ ...second, serverName: 'lab' }, sampleAttempt({ sessionId: 's2' })),
          true,
          'another server of the same user',
        )
        const first = await store.find('s1')
        assert.ok(first)
        assert.ok(await store.update({ ...first, facts: ended, endedAt: 3_000 }, []))
        const third = sampleSession({ id: 's3', createdAt: 3_500 })
        assert.equal(await store.insert(third, sampleAttempt({ sessionId: 's3' })), true)
        assert.equal((await store.findActive(7, ''))?.id, 's3')
        assert.equal((await store.findLatest(7, ''))?.id, 's3')
        assert.deepEqual(
          (await store.listActive()).map(({ id }) => id),
          ['s2', 's3'],
        )
        assert.deepEqual(
          (await store.listActiveOf(8)).map(({ id }) => id),
          [],
        )
      }))

    it('lists all living sessions, however many, in the order of their making', () =>
      withStore(async (store) => {
        const ids = ['s1']
        for (let n = 0; n < 250; n++) {
          const session = sampleSession({
            id: `n${n}`,
            userId: 1 + (n % 7),
            serverName: `lab${n}`,
            createdAt: 10_000 - n,
            ...(n % 10 === 0 && { facts: ended, endedAt: 1 }),
          })
          assert.equal(await store.insert(session, sampleAttempt({ sessionId: session.id })), true)
          if (n % 10 !== 0) ids.splice(1, 0, session.id)
        }
        assert.deepEqual(
          (await store.listActive()).map(({ id }) => id),
          ids,
        )
      }))

    it('throws, and does not say "busy", when the id is taken', () =>
      withStore(async (store) => {
        await assert.rejects(store.insert(sampleSession({ serverName: 'other' }), sampleAttempt({ number: 2 })))
      }))

    it('moves a session by compare-and-swap, with its events', () =>
      withStore(async (store) => {
        const read = await store.find('s1')
        assert.ok(read)
        const facts: Facts = {
          state: 'queued',
          jobId: jobId('123'),
          waiting: { hold: 'none', reason: 'Priority', wait: 'normal', estimatedStartAt: null },
        }
        const events = [
          { at: 1_100, type: 'submitted', data: { jobId: '123' } },
          { at: 1_101, type: 'queued', data: {} },
        ]
        const moved = await store.update({ ...read, facts, submittedAt: 1_100, attempt: 2 }, events)
        assert.deepEqual(moved, { ...read, facts, submittedAt: 1_100, attempt: 2, version: 2 })
        assert.deepEqual(await store.find('s1'), moved)
        assert.equal(await store.update({ ...read, facts: ended }, events), null, 'an old version')
        assert.deepEqual(await store.find('s1'), moved)
        assert.ok(await store.update(moved, [{ at: 1_102, type: 'third', data: {} }]))
        assert.deepEqual(
          (await store.listEvents('s1')).map(({ seq, type }) => [seq, type]),
          [
            [1, 'submitted'],
            [2, 'queued'],
            [3, 'third'],
          ],
        )
        assert.deepEqual(
          (await store.listEvents('s1', 2)).map(({ seq }) => seq),
          [3],
        )
      }))

    it('keeps session and events together: a failed event undoes the move', () =>
      withStore(async (store) => {
        const read = await store.find('s1')
        assert.ok(read)
        const broken = { at: Number.NaN, type: 'broken', data: {} }
        await assert.rejects(store.update({ ...read, facts: ended, endedAt: 9 }, [broken]))
        assert.deepEqual(await store.find('s1'), read)
        assert.ok(await store.update(read, []), 'the next transaction works')
      }))

    it('moves activity forward only, whoever writes last', () =>
      withStore(async (store) => {
        const read = await store.find('s1')
        assert.ok(read)
        await store.touch('s1', 5_000)
        await store.touch('s1', 4_000)
        assert.equal((await store.find('s1'))?.lastActivityAt, 5_000)
        const moved = await store.update({ ...read, lastActivityAt: null }, [])
        assert.equal(moved?.lastActivityAt, 5_000, 'an update that knows of no activity')
        assert.ok(moved)
        assert.equal((await store.update({ ...moved, lastActivityAt: 4_500 }, []))?.lastActivityAt, 5_000)
        await store.touch('s1', 6_000)
        assert.equal((await store.find('s1'))?.lastActivityAt, 6_000)
      }))

    it('lists ended sessions newest first, page by page', () =>
      withStore(async (store) => {
        for (const number of [2, 3, 4]) {
          const id = `s${number}`
          const session = sampleSession({ id, facts: ended, endedAt: number * 1_000 })
          assert.equal(await store.insert(session, sampleAttempt({ sessionId: id })), true)
        }
        const ids = async (limit: number, before?: number) =>
          (await store.listEndedOf(7, limit, before)).map(({ id }) => id)
        assert.deepEqual(await ids(2), ['s4', 's3'])
        assert.deepEqual(await ids(2, 3_000), ['s2'])
        assert.equal(await store.countEndedOf(7), 3)
        assert.equal(await store.countEndedOf(8), 0)
      }))

    it('sets a job id once', () =>
      withStore(async (store) => {
        assert.equal(await store.acceptAttempt('s1', 1, '77', 1_200), true)
        assert.equal(await store.acceptAttempt('s1', 1, '77', 1_300), false)
        assert.equal(await store.acceptAttempt('s1', 9, '77', 1_300), false)
        const attempt = await store.findAttempt('s1', 1)
        assert.deepEqual(attempt, sampleAttempt({ jobId: jobId('77'), acceptedAt: 1_200, submit: 'accepted' }))
      }))

    it('lets a job that was shown take the place of an id that was printed, once', () =>
      withStore(async (store) => {
        assert.equal(await store.acceptAttempt('s1', 1, '1', 1_200), true)
        assert.equal(await store.acceptAttempt('s1', 1, '77', 1_300, 1_250), true)
        const shown = { jobId: jobId('77'), submit: 'accepted', firstSeenAt: 1_250, lastSeenAt: 1_250 } as const
        assert.deepEqual(await store.findAttempt('s1', 1), sampleAttempt({ ...shown, acceptedAt: 1_300 }))
        assert.equal(await store.acceptAttempt('s1', 1, '78', 1_400, 1_350), false)
        assert.equal(await store.acceptAttempt('s1', 1, '78', 1_400), false)
        assert.deepEqual(await store.findAttempt('s1', 1), sampleAttempt({ ...shown, acceptedAt: 1_300 }))
      }))

    it('tells which agents the jobs of sessions that have not ended may begin with', () =>
      withStore(async (store, bench) => {
        await using database = bench.open()
        const listed = async () => (await listAgentUse(database)).map(({ job, directory }) => [job, directory])
        await store.insertAttempt(sampleAttempt({ number: 2, tag: 'b-s1-2', createdAt: 1_100 }))
        await store.insertAttempt(sampleAttempt({ number: 3, tag: 'b-s1-3', createdAt: 1_200, submit: 'refused' }))
        await store.updateAttempt('s1', 1, { submit: 'accepted', jobId: jobId('7'), agentDirectory: '/opt/b/1' })
        await store.updateAttempt('s1', 2, { submit: 'running', agentDirectory: '/opt/b/2' })

        const [first] = await listAgentUse(database)
        assert.deepEqual(first, {
          session: 's1',
          user: sampleSession().userName,
          server: '',
          state: sampleSession().facts.state,
          job: '7',
          directory: '/opt/b/1',
          wasSubmitted: true,
        })
        assert.deepEqual(await listed(), [
          ['7', '/opt/b/1'],
          [null, '/opt/b/2'],
        ])
        const session = await store.find('s1')
        assert.ok(session)
        assert.ok(await store.update({ ...session, facts: ended, endedAt: 3_000 }, []))
        assert.deepEqual(await listed(), [])
      }))

    it('changes only the fields of an attempt that are given', () =>
      withStore(async (store) => {
        await store.insertAttempt(sampleAttempt({ number: 2 }))
        await store.updateAttempt('s1', 1, { submit: 'running', submitPid: 42, submitPidStart: 'boot:9' })
        await store.updateAttempt('s1', 1, { submitPid: null })
        await store.updateAttempt('s1', 1, {})
        const expected = sampleAttempt({ submit: 'running', submitPid: null, submitPidStart: 'boot:9' })
        assert.deepEqual(await store.findAttempt('s1', 1), expected)
        assert.deepEqual(await store.findAttempt('s1', 2), sampleAttempt({ number: 2 }))
      }))

    it('has one live claim: a new one revokes those before it', () =>
      withStore(async (store) => {
        await store.insertClaim(sampleClaim())
        await store.insertClaim(sampleClaim({ id: 'c2', restart: 1, createdAt: 2_500 }))
        assert.deepEqual(await store.findClaim('c1'), sampleClaim({ revokedAt: 2_500 }))
        assert.deepEqual(
          await store.findClaimByToken('hash-of-c2'),
          sampleClaim({ id: 'c2', restart: 1, createdAt: 2_500 }),
        )
        await store.revokeClaims('s1', 3_000)
        assert.deepEqual(
          (await store.listClaims('s1')).map(({ id, revokedAt }) => [id, revokedAt]),
          [
            ['c1', 2_500],
            ['c2', 3_000],
          ],
        )
        await assert.rejects(store.insertClaim(sampleClaim()), 'a revoked claim does not come back')
        assert.equal(await store.findClaim('none'), null)
        assert.equal(await store.findClaimByToken('none'), null)
      }))

    it('finds what a killed hub has left to do: claims of ended sessions, and the latest ends', () =>
      withStore(async (store) => {
        for (const [index, id] of ['s2', 's3', 's4'].entries()) {
          const session = sampleSession({ id, serverName: id, facts: ended, endedAt: 5_000 + index })
          assert.equal(await store.insert(session, sampleAttempt({ sessionId: id })), true)
          await store.insertClaim(sampleClaim({ id: `claim-${id}`, sessionId: id, tokenHash: id }))
        }
        await store.insertClaim(sampleClaim())
        await store.revokeClaims('s3', 6_000)
        assert.deepEqual([...(await store.listEndedWithClaim())].sort(), ['s2', 's4'])
        assert.deepEqual(
          (await store.listEndedSince(5_001, 10)).map(({ id }) => id),
          ['s4', 's3'],
        )
        assert.deepEqual(
          (await store.listEndedSince(0, 1)).map(({ id }) => id),
          ['s4'],
        )
        assert.deepEqual(await store.listActiveIds(), ['s1'])
      }))

    it('takes text of any kind as text', () =>
      withStore(async (store) => {
        const hostile = `'; drop table session; -- " \\ \u2028 😀`
        const session = sampleSession({ id: 's9', userName: hostile, serverName: hostile })
        assert.equal(await store.insert(session, sampleAttempt({ sessionId: 's9', outputPath: hostile })), true)
        assert.deepEqual(await store.findActive(7, hostile), { ...session, version: 1 })
      }))

    it('lets one of 20 simultaneous inserts for a server win', async () => {
      await using bench = await openBench()
      await using one = bench.open()
      await using two = bench.open()
      const stores = [sessionStore(one), sessionStore(two)] as const
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          stores[n % 2 === 0 ? 0 : 1].insert(sampleSession({ id: `i${n}` }), sampleAttempt({ sessionId: `i${n}` })),
        ),
      )
      assert.equal(wins.filter(Boolean).length, 1)
      assert.equal((await stores[0].listActive()).length, 1)
    })

    it('lets one of two writers with the same version win', () =>
      withStore(async (store, bench) => {
        await using other = bench.open()
        const read = await store.find('s1')
        assert.ok(read)
        const event = (who: string) => [{ at: 1, type: who, data: {} }]
        const results = await Promise.all([
          store.update(read, event('one')),
          sessionStore(other).update(read, event('two')),
        ])
        assert.equal(results.filter((result) => result !== null).length, 1)
        assert.equal((await store.listEvents('s1')).length, 1, 'the loser leaves no event')
      }))

    if (shared)
      it('decides races between processes', { timeout: 120_000 }, () =>
        withStore(async (store, bench) => {
          assert.ok(bench.url)
          assert.equal(await race(bench.url, 'update'), 1, 'updates of one version')
          assert.equal((await store.find('s1'))?.version, 2)
          assert.equal((await store.listEvents('s1')).length, 1)
          assert.equal(await race(bench.url, 'accept'), 1, 'job ids for one attempt')
          assert.equal(await race(bench.url, 'claim'), 20)
          const claims = await store.listClaims('s1')
          assert.equal(claims.length, 20)
          assert.equal(claims.filter(({ revokedAt }) => revokedAt === null).length, 1, 'live claims')
          const read = await store.find('s1')
          assert.ok(read)
          await store.update({ ...read, facts: ended, endedAt: 1 }, [])
          assert.equal(await race(bench.url, 'insert'), 1, 'sessions for one server')
        }),
      )
  })
}

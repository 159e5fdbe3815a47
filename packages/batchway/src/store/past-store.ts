/** Ended sessions in few words. Implements the contract of `sessions/past-store.ts`. */
import { sql } from 'kysely'
import { readShared } from '../core/shared-json.ts'
import type { Spec } from '../profiles/spec.ts'
import type { PastSession, PastStore } from '../sessions/past-store.ts'
import type { Facts } from '../sessions/session.ts'
import type { Database } from './open.ts'

export const pastStore = ({ db }: Database): PastStore => ({
  listEndedAfter: async ({ endedAt, id }, limit) => {
    const rows = await db
      .selectFrom('session')
      .select(['id', 'user_id', 'user_name', 'created_at', 'started_at', 'ready_at', 'ended_at', 'spec', 'facts'])
      // Written out: only a literal lets SQLite use the partial index.
      .where(sql<boolean>`state = 'ended'`)
      .where('ended_at', '>=', endedAt)
      .where((e) => e.or([e('ended_at', '>', endedAt), e('id', '>', id)]))
      .orderBy('ended_at')
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.flatMap((row): readonly PastSession[] => {
      const facts = JSON.parse(row.facts) as Facts
      if (facts.state !== 'ended' || row.ended_at === null) return []
      const { cluster, jobOptions, profile } = readShared(row.spec) as Spec
      const place = jobOptions.partition ?? jobOptions.queue
      return [
        {
          id: row.id,
          userId: row.user_id,
          userName: row.user_name,
          createdAt: row.created_at,
          startedAt: row.started_at,
          readyAt: row.ready_at,
          endedAt: row.ended_at,
          cluster,
          partition: typeof place === 'string' ? place : null,
          profile: profile.title,
          code: facts.outcome.code,
        },
      ]
    })
  },
})

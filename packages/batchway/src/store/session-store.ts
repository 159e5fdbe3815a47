/** Sessions, their attempts, claims and events. Implements the contract of `sessions/session-store.ts`. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Attempt, Facts, Session } from '../sessions/session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Database } from './open.ts'
import type { Tx } from './schema.ts'
import {
  fromAttempt,
  fromSession,
  movingColumns,
  toAttempt,
  toAttemptChange,
  toClaim,
  toEvent,
  toSession,
} from './session-rows.ts'

export function sessionStore({ db, dialect, changes }: Database): SessionStore {
  /** Two hubs on one PostgreSQL: whoever changes the claims or the events of a session holds its row. */
  const lockSession = async (tx: Tx, id: string): Promise<void> => {
    if (dialect.rowLocks) await tx.selectFrom('session').select('id').where('id', '=', id).forUpdate().execute()
  }
  const one = () => db.selectFrom('session').selectAll()
  const active = () => one().where('state', '<>', 'ended')
  const insertAttempt = async (on: Tx | typeof db, attempt: Attempt): Promise<void> => {
    await on.insertInto('attempt').values(fromAttempt(attempt)).execute()
  }

  return {
    insert: (session, attempt) =>
      db.transaction().execute(async (tx) => {
        const { numInsertedOrUpdatedRows } = await tx
          .insertInto('session')
          .values(fromSession({ ...session, version: 1 }))
          // Written out: only a literal lets both databases recognise the partial index.
          .onConflict((on) => on.columns(['user_id', 'server_name']).where(sql<boolean>`state <> 'ended'`).doNothing())
          .executeTakeFirstOrThrow()
        if (numInsertedOrUpdatedRows !== 1n) return false
        await insertAttempt(tx, attempt)
        return true
      }),
    find: async (id) => optional(await one().where('id', '=', id).executeTakeFirst(), toSession),
    findActive: async (userId, serverName) =>
      optional(
        await active().where('user_id', '=', userId).where('server_name', '=', serverName).executeTakeFirst(),
        toSession,
      ),
    findLatest: async (userId, serverName) =>
      optional(
        await one()
          .where('user_id', '=', userId)
          .where('server_name', '=', serverName)
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst(),
        toSession,
      ),
    listActive: async () => {
      const all: Session[] = []
      for (;;) {
        const last = all.at(-1)
        const rest =
          last === undefined
            ? active()
            : active().where(sql<boolean>`(user_id, server_name) > (${last.userId}, ${last.serverName})`)
        const page = await rest.orderBy('user_id').orderBy('server_name').limit(activePage).execute()
        all.push(...page.map(toSession))
        if (page.length < activePage) break
        await nextTurn()
      }
      return all.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    },
    listActiveIds: async () =>
      (await db.selectFrom('session').select('id').where('state', '<>', 'ended').execute()).map(({ id }) => id),
    listActiveOf: async (userId) =>
      (await active().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute()).map(toSession),
    listEndedOf: async (userId, limit, before) => {
      const ended = one().where('user_id', '=', userId).where('state', '=', 'ended')
      const page = before === undefined ? ended : ended.where('ended_at', '<', before)
      return (await page.orderBy('ended_at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(toSession)
    },
    listEndedSince: async (at, limit) => {
      // Written out: only a literal lets SQLite use the partial index.
      const ended = one().where(sql<boolean>`state = 'ended'`).where('ended_at', '>=', at)
      return (await ended.orderBy('ended_at', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(toSession)
    },
    countEndedOf: async (userId) => {
      const { count } = await db
        .selectFrom('session')
        .select((e) => e.fn.countAll<number>().as('count'))
        .where('user_id', '=', userId)
        .where('state', '=', 'ended')
        .executeTakeFirstOrThrow()
      return count
    },

    update: async (session, events) => {
      const updated = await db.transaction().execute(async (tx) => {
        const next = { ...session, version: session.version + 1 }
        const columns = movingColumns(next)
        const row = await tx
          .updateTable('session')
          .set(columns)
          .set({ last_activity_at: later(session.lastActivityAt), ...firstReady(next) })
          .where('id', '=', session.id)
          .where('version', '=', session.version)
          .returning('last_activity_at')
          .executeTakeFirst()
        if (row === undefined) return null
        await appendEvents(tx, session.id, events)
        // As a reader of the row has it. A word that was cut out of a scheduler's answer holds all of that answer in memory.
        return { ...next, facts: JSON.parse(columns.facts) as Facts, lastActivityAt: row.last_activity_at }
      })
      // Tokens of an ended session are unknown from now on.
      if (updated?.facts.state === 'ended') changes.bump()
      return updated
    },
    touch: async (id, lastActivityAt) => {
      await db
        .updateTable('session')
        .set({ last_activity_at: later(lastActivityAt) })
        .where('id', '=', id)
        .execute()
    },

    insertAttempt: (attempt) => insertAttempt(db, attempt),
    findAttempt: async (sessionId, number) =>
      optional(
        await db
          .selectFrom('attempt')
          .selectAll()
          .where('session_id', '=', sessionId)
          .where('number', '=', number)
          .executeTakeFirst(),
        toAttempt,
      ),
    findAttemptByTag: async (tag) =>
      optional(await db.selectFrom('attempt').selectAll().where('tag', '=', tag).executeTakeFirst(), toAttempt),
    updateAttempt: async (sessionId, number, change) => {
      const set = toAttemptChange(change)
      if (Object.keys(set).length === 0) return
      await db
        .updateTable('attempt')
        .set(set)
        .where('session_id', '=', sessionId)
        .where('number', '=', number)
        .execute()
    },
    acceptAttempt: async (sessionId, number, jobId, at, shownAt) => {
      const shown = shownAt === undefined ? {} : { first_seen_at: shownAt, last_seen_at: shownAt }
      const { numUpdatedRows } = await db
        .updateTable('attempt')
        .set({ job_id: jobId, accepted_at: at, submit: 'accepted', ...shown })
        .where('session_id', '=', sessionId)
        .where('number', '=', number)
        .where(shownAt === undefined ? 'job_id' : 'first_seen_at', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    insertClaim: (claim) =>
      db.transaction().execute(async (tx) => {
        await lockSession(tx, claim.sessionId)
        await tx
          .updateTable('claim')
          .set({ revoked_at: claim.createdAt })
          .where('session_id', '=', claim.sessionId)
          .where('revoked_at', 'is', null)
          .execute()
        await tx
          .insertInto('claim')
          .values({
            id: claim.id,
            session_id: claim.sessionId,
            attempt: claim.attempt,
            job_id: claim.jobId,
            restart: claim.restart,
            node: claim.node,
            token_hash: claim.tokenHash,
            created_at: claim.createdAt,
            revoked_at: claim.revokedAt,
          })
          .execute()
      }),
    findClaim: async (id) =>
      optional(await db.selectFrom('claim').selectAll().where('id', '=', id).executeTakeFirst(), toClaim),
    findClaimByToken: async (tokenHash) =>
      optional(
        await db.selectFrom('claim').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst(),
        toClaim,
      ),
    revokeClaims: async (sessionId, at) => {
      await db
        .updateTable('claim')
        .set({ revoked_at: at })
        .where('session_id', '=', sessionId)
        .where('revoked_at', 'is', null)
        .execute()
    },
    listEndedWithClaim: async () =>
      (
        await db
          .selectFrom('claim')
          .innerJoin('session', 'session.id', 'claim.session_id')
          .select('session.id')
          .where(sql<boolean>`claim.revoked_at is null`)
          .where('session.state', '=', 'ended')
          .execute()
      ).map(({ id }) => id),
    listClaims: async (sessionId) =>
      (
        await db
          .selectFrom('claim')
          .selectAll()
          .where('session_id', '=', sessionId)
          .orderBy('created_at')
          .orderBy('id')
          .execute()
      ).map(toClaim),

    listEvents: async (sessionId, afterSeq = 0) =>
      (
        await db
          .selectFrom('session_event')
          .selectAll()
          .where('session_id', '=', sessionId)
          .where('seq', '>', afterSeq)
          .orderBy('seq')
          .execute()
      ).map(toEvent),
  }
}

/** Thousands of sessions are read in pages (2 ms each) along the index of the living, so that the event loop turns between. */
const activePage = 100

const optional = <Row, T>(row: Row | undefined, translate: (row: Row) => T): T | null =>
  row === undefined ? null : translate(row)

/** When it was ready for the first time, and when that life of its job began: both stay when the job is put back into the queue. */
const firstReady = ({ readyAt, startedAt }: Session) =>
  readyAt === null
    ? {}
    : {
        first_ready_at: sql<number>`coalesce(first_ready_at, ${readyAt})`,
        first_started_at: sql<
          number | null
        >`case when first_ready_at is null then ${startedAt} else first_started_at end`,
      }

/** The later of the column and `at`: activity only moves forward, whoever reports it last. */
const later = (at: number | null) =>
  at === null
    ? sql<number | null>`last_activity_at`
    : sql<number>`case when last_activity_at > ${at} then last_activity_at else ${at} end`

/** The caller's update holds the session's row, so the numbers have no gap and no double. */
async function appendEvents(tx: Tx, sessionId: string, events: Parameters<SessionStore['update']>[1]): Promise<void> {
  if (events.length === 0) return
  const last = await tx
    .selectFrom('session_event')
    .select((e) => e.fn.max('seq').as('seq'))
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  const start = (last?.seq ?? 0) + 1
  await tx
    .insertInto('session_event')
    .values(
      events.map(({ at, type, data }, index) => ({
        session_id: sessionId,
        seq: start + index,
        at,
        type,
        data: JSON.stringify(data),
      })),
    )
    .execute()
}

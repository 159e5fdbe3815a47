/** Groups, their properties and members. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Selectable } from 'kysely'
import type { Group } from '../people/people.ts'
import { inChunks } from './in-chunks.ts'
import type { Database } from './open.ts'
import type { Schema } from './schema.ts'

export interface GroupQuery {
  readonly offset: number
  readonly limit: number
  /** Only these; null = all. */
  readonly names: readonly string[] | null
}

export interface GroupStore {
  find(name: string): Promise<Group | null>
  /** In the order of ids. `total` counts all that the query means, not only this page. */
  search(query: GroupQuery): Promise<{ readonly groups: readonly Group[]; readonly total: number }>
  /** @returns null if it exists. */
  insert(name: string, at: number): Promise<Group | null>
  /** Its memberships go with it. */
  remove(id: number): Promise<void>
  setProperties(id: number, properties: Group['properties']): Promise<void>
  /** Names per group, in the order of the users' ids. */
  membersOf(ids: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>>
  /** These memberships hold whatever a sign-in says. Users that are gone in the meantime are left out. */
  addMembers(id: number, userIds: readonly number[]): Promise<void>
  /** Whoever said so; a sign-in may say it again. */
  removeMembers(id: number, userIds: readonly number[]): Promise<void>
}

/** Rows of one statement. */
const memberPage = 1_000

export function groupStore({ db, changes }: Database): GroupStore {
  return {
    find: async (name) => {
      const row = await db.selectFrom('user_group').selectAll().where('name', '=', name).executeTakeFirst()
      return row === undefined ? null : toGroup(row)
    },
    search: async ({ offset, limit, names }) => {
      if (names?.length === 0) return { groups: [], total: 0 }
      const meant = db.selectFrom('user_group').$if(names !== null, (q) => q.where('name', 'in', names ?? []))
      const rows = await meant.selectAll().orderBy('id').offset(offset).limit(limit).execute()
      const { total } = await meant.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
      return { groups: rows.map(toGroup), total }
    },
    insert: async (name, at) => {
      const row = await db
        .insertInto('user_group')
        .values({ name, created_at: at, properties: '{}' })
        .onConflict((on) => on.column('name').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row === undefined ? null : toGroup(row)
    },
    remove: async (id) => {
      await db.deleteFrom('user_group').where('id', '=', id).execute()
      changes.bump()
    },
    setProperties: async (id, properties) => {
      await db
        .updateTable('user_group')
        .set({ properties: JSON.stringify(properties) })
        .where('id', '=', id)
        .execute()
    },
    membersOf: async (ids) => {
      const members = new Map<number, string[]>(ids.map((id) => [id, []]))
      for (const id of ids) {
        let after = 0
        for (;;) {
          const page = await db
            .selectFrom('membership')
            .innerJoin('user', 'user.id', 'membership.user_id')
            .select(['user.id as id', 'user.name as name'])
            .where('membership.group_id', '=', id)
            .where('membership.user_id', '>', after)
            .orderBy('membership.user_id')
            .limit(memberPage)
            .execute()
          members.get(id)?.push(...page.map(({ name }) => name))
          const last = page.at(-1)
          if (last === undefined || page.length < memberPage) break
          after = last.id
          await nextTurn()
        }
      }
      return members
    },
    addMembers: async (id, userIds) => {
      await inChunks(userIds, async (chunk) => {
        await db
          .insertInto('membership')
          .columns(['user_id', 'group_id', 'by_sign_in', 'by_hand'])
          // Selected, not given: who was removed in the same moment is no error.
          .expression((e) =>
            e
              .selectFrom('user')
              .innerJoin('user_group', (on) => on.on('user_group.id', '=', id))
              .select((s) => ['user.id', 'user_group.id as group_id', s.val(0).as('a'), s.val(1).as('b')])
              .where('user.id', 'in', chunk),
          )
          .onConflict((on) => on.columns(['user_id', 'group_id']).doUpdateSet({ by_hand: 1 }))
          .execute()
      })
      changes.bump()
    },
    removeMembers: async (id, userIds) => {
      await inChunks(userIds, async (chunk) => {
        await db.deleteFrom('membership').where('group_id', '=', id).where('user_id', 'in', chunk).execute()
      })
      changes.bump()
    },
  }
}

const toGroup = (row: Selectable<Schema['user_group']>): Group => ({
  id: row.id,
  name: row.name,
  properties: JSON.parse(row.properties) as Group['properties'],
})

/** Users, their groups, preferences and last activity. */
import { type CompiledQuery, type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import type { Claims, Preferences, User, UserChange } from '../people/people.ts'
import type { Dialect } from './dialect.ts'
import { inChunks } from './in-chunks.ts'
import type { Database } from './open.ts'
import type { Db, Schema, Tx } from './schema.ts'
import { pageOf, type UserQuery, usersMeantBy } from './user-search.ts'

export interface UserStore {
  find(name: string): Promise<User | null>
  findById(id: number): Promise<User | null>
  /** In the order of ids, after `afterId`. */
  list(limit: number, afterId?: number): Promise<readonly User[]>
  search(query: UserQuery): Promise<{ readonly users: readonly User[]; readonly total: number }>
  /** Those that exist, in no order. */
  findMany(names: readonly string[]): Promise<readonly User[]>
  /** Make those that do not exist. @returns them, in the order of the names. */
  insertMany(names: readonly string[], at: number, isAdmin: boolean): Promise<readonly User[]>
  /** @returns false if the new name is taken, or the user is gone. */
  change(id: number, change: { readonly name?: string; readonly isAdmin?: boolean }): Promise<boolean>
  count(): Promise<number>
  /** Users who were active at `since` (Unix ms) or later. */
  countSince(since: number): Promise<number>
  /** One of several simultaneous calls creates the user; all return it. Of an existing user changes only what is given. */
  ensure(name: string, at: number, change?: UserChange): Promise<User>
  /** Its tokens, sign-ins, links and servers go with it; the history of its sessions stays. */
  remove(id: number): Promise<void>
  savePreferences(id: number, change: Partial<Preferences>): Promise<void>
  /** Of those that exist, by name. */
  groupsOfNames(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** Replace the groups that sign-ins put a user in; unknown groups are made, and what was said by hand stays. */
  setGroups(id: number, groups: readonly string[], at: number): Promise<void>
  /** Id → Unix milliseconds; only moves forward, and makes no cached answer invalid. */
  touch(activity: ReadonlyMap<number, number>): Promise<void>
}

const defaultPreferences: Preferences = { theme: 'system', contrast: 'normal', lastChoice: null }

export function userStore({ db, dialect, changes }: Database): UserStore {
  const users = () => withGroups(db.selectFrom('user').selectAll('user'), dialect)
  // Made once: requests ask these, and to build such a statement takes longer than to run it.
  const byName = users().where('name', '=', '').compile()
  const byId = users().where('id', '=', 0).compile()
  const one = async (query: CompiledQuery<UserRow>, value: string | number): Promise<User | null> => {
    const asked: CompiledQuery<UserRow> = { ...query, parameters: [value] }
    const [row] = (await db.executeQuery(asked)).rows
    return row === undefined ? null : toUser(row)
  }

  const store: UserStore = {
    find: (name) => one(byName, name),
    findById: (id) => one(byId, id),
    list: async (limit, afterId = 0) =>
      (await users().where('id', '>', afterId).orderBy('id').limit(limit).execute()).map(toUser),
    search: async (query) => {
      const meant = usersMeantBy(db, query)
      const rows = await withGroups(pageOf(meant, query).selectAll('user'), dialect).execute()
      const { total } = await meant.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
      return { users: rows.map(toUser), total }
    },
    findMany: async (names) => {
      const found: User[] = []
      await inChunks(names, async (chunk) => {
        found.push(...(await users().where('name', 'in', chunk).execute()).map(toUser))
      })
      return found
    },
    insertMany: async (names, at, isAdmin) => {
      const made = new Map<string, User>()
      await inChunks(names, async (chunk) => {
        const rows = await db
          .insertInto('user')
          .values(
            chunk.map((name) => ({
              name,
              is_admin: Number(isAdmin),
              created_at: at,
              preferences: '{}',
              claims: '{}',
            })),
          )
          .onConflict((on) => on.column('name').doNothing())
          .returningAll()
          .execute()
        for (const row of rows) made.set(row.name, toUser({ ...row, groups: '[]' }))
      })
      return names.flatMap((name) => made.get(name) ?? [])
    },
    change: async (id, { name, isAdmin }) => {
      const set = { ...(name !== undefined && { name }), ...(isAdmin !== undefined && { is_admin: Number(isAdmin) }) }
      if (Object.keys(set).length === 0) return true
      try {
        const { numUpdatedRows } = await db.updateTable('user').set(set).where('id', '=', id).executeTakeFirst()
        changes.bump()
        return numUpdatedRows === 1n
      } catch (error) {
        if (dialect.isUniqueViolation(error)) return false
        throw error
      }
    },
    count: async () => {
      const { count } = await db
        .selectFrom('user')
        .select((e) => e.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      return count
    },
    countSince: async (since) => {
      const { count } = await db
        .selectFrom('user')
        .select((e) => e.fn.countAll<number>().as('count'))
        .where('last_activity_at', '>=', since)
        .executeTakeFirstOrThrow()
      return count
    },
    ensure: async (name, at, change = {}) => {
      await db
        .insertInto('user')
        .values({ name, is_admin: 0, created_at: at, preferences: '{}', claims: '{}' })
        .onConflict((on) => on.column('name').doNothing())
        .execute()
      const found = await store.find(name)
      if (found === null) throw new Error(`the user ${name} was removed in the same moment`)
      const { isAdmin = found.isAdmin, claims = found.claims ?? {} } = change
      const told = change.groups === undefined ? [] : await signInGroupsOf(db, found.id)
      const groups = [...new Set(change.groups ?? told)].sort()
      const text = JSON.stringify(claims)
      const isSame =
        isAdmin === found.isAdmin &&
        text === JSON.stringify(found.claims ?? {}) &&
        groups.join('\0') === told.join('\0')
      // Most sign-ins change nothing; what the hub remembers of callers stays good then.
      if (isSame) return found
      await db.transaction().execute(async (tx) => {
        await tx
          .updateTable('user')
          .set({ is_admin: Number(isAdmin), claims: text })
          .where('id', '=', found.id)
          .execute()
        if (change.groups !== undefined) await replaceGroups(tx, found.id, groups, at)
      })
      changes.bump()
      return (await store.findById(found.id)) ?? found
    },
    remove: async (id) => {
      await db.deleteFrom('user').where('id', '=', id).execute()
      changes.bump()
    },
    savePreferences: async (id, change) => {
      await db.transaction().execute(async (tx) => {
        // The no-op update takes the row's lock on both databases, so that two changes at once both survive.
        const row = await tx
          .updateTable('user')
          .set((e) => ({ preferences: e.ref('preferences') }))
          .where('id', '=', id)
          .returning('preferences')
          .executeTakeFirst()
        if (row === undefined) return
        const preferences = JSON.stringify({ ...readPreferences(row.preferences), ...change })
        await tx.updateTable('user').set({ preferences }).where('id', '=', id).execute()
      })
      changes.bump()
    },
    groupsOfNames: async (names) => {
      const found = new Map<string, readonly string[]>()
      await inChunks(names, async (chunk) => {
        const rows = await db
          .selectFrom('user')
          .innerJoin('membership', 'membership.user_id', 'user.id')
          .innerJoin('user_group', 'user_group.id', 'membership.group_id')
          .select(['user.name as user', 'user_group.name as group'])
          .where('user.name', 'in', chunk)
          .orderBy('user_group.name')
          .execute()
        for (const { user, group } of rows) found.set(user, [...(found.get(user) ?? []), group])
      })
      return found
    },
    setGroups: async (id, groups, at) => {
      await db.transaction().execute((tx) => replaceGroups(tx, id, groups, at))
      changes.bump()
    },
    touch: (activity) =>
      inChunks(activity, async (chunk) => {
        await db.transaction().execute(async (tx) => {
          for (const [id, at] of chunk)
            await tx
              .updateTable('user')
              .set({ last_activity_at: at })
              .where('id', '=', id)
              .where((e) => e.or([e('last_activity_at', 'is', null), e('last_activity_at', '<', at)]))
              .execute()
        })
      }),
  }
  return store
}

/** Preferences of a program that knew fewer of them are completed. */
const readPreferences = (text: string): Preferences =>
  text === '{}' ? defaultPreferences : { ...defaultPreferences, ...(JSON.parse(text) as Partial<Preferences>) }

type UserRow = Selectable<Schema['user']> & { readonly groups: string | null }

/** With the names of each user's groups, sorted, as a JSON array: one statement for a whole page of users. */
const withGroups = <O>(users: SelectQueryBuilder<Schema, 'user', O>, dialect: Dialect) =>
  users.select((e) =>
    e
      .selectFrom('membership')
      .innerJoin('user_group', 'user_group.id', 'membership.group_id')
      .select(dialect.jsonTexts(sql.ref('user_group.name')).as('names'))
      .whereRef('membership.user_id', '=', 'user.id')
      .as('groups'),
  )

const nobodysGroups: readonly string[] = []
const readGroups = (text: string | null): readonly string[] =>
  text === null || text === '[]' ? nobodysGroups : (JSON.parse(text) as string[])

const toUser = (row: UserRow): User => ({
  id: row.id,
  name: row.name,
  isAdmin: row.is_admin === 1,
  groups: readGroups(row.groups),
  createdAt: row.created_at,
  lastActivityAt: row.last_activity_at,
  preferences: readPreferences(row.preferences),
  ...(row.claims !== '{}' && { claims: JSON.parse(row.claims) as Claims }),
})

async function signInGroupsOf(db: Db, userId: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('membership')
    .innerJoin('user_group', 'user_group.id', 'membership.group_id')
    .select('user_group.name')
    .where('membership.user_id', '=', userId)
    .where('membership.by_sign_in', '=', 1)
    .execute()
  return rows.map(({ name }) => name).sort()
}

async function replaceGroups(tx: Tx, userId: number, groups: readonly string[], at: number): Promise<void> {
  const own = tx.updateTable('membership').where('user_id', '=', userId)
  await own.set({ by_sign_in: 0 }).execute()
  const names = [...new Set(groups)].sort()
  if (names.length > 0) {
    await tx
      .insertInto('user_group')
      .values(names.map((name) => ({ name, created_at: at })))
      .onConflict((on) => on.column('name').doNothing())
      .execute()
    const rows = await tx.selectFrom('user_group').select('id').where('name', 'in', names).execute()
    await tx
      .insertInto('membership')
      .values(rows.map(({ id }) => ({ user_id: userId, group_id: id, by_sign_in: 1, by_hand: 0 })))
      .onConflict((on) => on.columns(['user_id', 'group_id']).doUpdateSet({ by_sign_in: 1 }))
      .execute()
  }
  await tx
    .deleteFrom('membership')
    .where('user_id', '=', userId)
    .where('by_sign_in', '=', 0)
    .where('by_hand', '=', 0)
    .execute()
}

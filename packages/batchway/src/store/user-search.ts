/** Lists of users: filtered, sorted, by pages, with the exact number of all that are meant. */
import { type SelectQueryBuilder, sql } from 'kysely'
import type { Db, Schema } from './schema.ts'

export interface UserQuery {
  readonly offset: number
  readonly limit: number
  readonly sort: 'id' | 'name' | 'last_activity'
  readonly isDescending: boolean
  /** `active`: has a server that is not stopped; `ready`: one that can be used; `inactive`: none that is active. */
  readonly state: 'active' | 'ready' | 'inactive' | null
  /** Part of the name. */
  readonly nameHas: string | null
  /** Only these users and the members of these groups; null = all. */
  readonly among: { readonly users: readonly string[]; readonly groups: readonly string[] } | null
}

export const everyUser: Omit<UserQuery, 'offset' | 'limit'> = {
  sort: 'id',
  isDescending: false,
  state: null,
  nameHas: null,
  among: null,
}

type Users = SelectQueryBuilder<Schema, 'user', object>

/** One page of them, in order. */
export function pageOf(meant: Users, query: UserQuery): Users {
  const direction = query.isDescending ? 'desc' : 'asc'
  const column = { id: 'user.id', name: 'user.name', last_activity: 'user.last_activity_at' } as const
  const sorted = meant
    .offset(query.offset)
    .limit(query.limit)
    .orderBy(column[query.sort], (order) =>
      // Said out loud, since the databases differ; on SQLite it is what they do anyway.
      query.sort !== 'last_activity'
        ? order[direction]()
        : query.isDescending
          ? order.desc().nullsLast()
          : order.asc().nullsFirst(),
    )
  return query.sort === 'last_activity' ? sorted.orderBy('user.id', direction) : sorted
}

/** All that a query means, on whatever page. */
export function usersMeantBy(db: Db, { state, nameHas, among }: UserQuery): Users {
  let users: Users = db.selectFrom('user')
  if (state !== null) {
    // Written out: only a literal lets both databases use the partial index.
    const living =
      state === 'ready' ? sql<boolean>`state = 'ready' and state <> 'ended'` : sql<boolean>`state <> 'ended'`
    const owners = db.selectFrom('session').select('user_id').where(living)
    users = users.where('user.id', state === 'inactive' ? 'not in' : 'in', owners)
  }
  if (nameHas !== null && nameHas !== '') {
    // Names are kept in lower case, so that no database has to fold them.
    const pattern = `%${nameHas.toLowerCase().replace(/[\\%_]/g, (char) => `\\${char}`)}%`
    users = users.where(sql<boolean>`"user".name like ${pattern} escape '\\'`)
  }
  if (among !== null) {
    users = users.where((e) =>
      e.or([
        ...(among.users.length > 0 ? [e('user.name', 'in', among.users)] : []),
        ...(among.groups.length > 0
          ? [
              e(
                'user.id',
                'in',
                e
                  .selectFrom('membership')
                  .innerJoin('user_group', 'user_group.id', 'membership.group_id')
                  .select('membership.user_id')
                  .where('user_group.name', 'in', among.groups),
              ),
            ]
          : []),
        ...(among.users.length + among.groups.length === 0 ? [e.lit(false)] : []),
      ]),
    )
  }
  return users
}

/** JupyterHub's models (contract 2.4). A key appears only when a held scope shows it. Row and wire are different things. */
import { z } from '@hono/zod-openapi'
import type { ApplicationPlaces } from '../core/application-hosts.ts'
import { originOf, serverApiPath } from '../core/http.ts'
import { toWireTime } from '../core/times.ts'
import type { Group, User } from '../people/people.ts'
import type { Session } from '../sessions/session.ts'
import { isCovered } from './access.ts'
import { serverState } from './session-state.ts'

const time = z.string().nullable()

export const ServerModel = z
  .object({
    name: z.string(),
    full_name: z.string(),
    display_name: z.string().nullable(),
    last_activity: time,
    started: time,
    pending: z.enum(['spawn', 'stop']).nullable(),
    ready: z.boolean(),
    stopped: z.boolean(),
    url: z.string(),
    full_url: z.string().nullable(),
    user_options: z.record(z.string(), z.unknown()),
    progress_url: z.string(),
    full_progress_url: z.string().nullable(),
    state: z.record(z.string(), z.unknown()).optional(),
    session: z
      .string()
      .nullable()
      .openapi({ description: 'Id of the session that this server runs, or ran last; null: it never ran' }),
  })
  .openapi('Server')

export const UserModel = z
  .object({
    kind: z.literal('user'),
    name: z.string(),
    admin: z.boolean().optional(),
    user_info: z.null().optional(),
    roles: z.array(z.string()).optional(),
    groups: z.array(z.string()).optional(),
    server: z.string().nullable().optional(),
    pending: z.enum(['spawn', 'stop']).nullable().optional(),
    created: time.optional(),
    last_activity: time.optional(),
    servers: z.record(z.string(), ServerModel).optional(),
    auth_state: z.null().optional(),
  })
  .openapi('User')

export const SelfModel = UserModel.extend({
  scopes: z.array(z.string()),
  token_id: z.string().nullable(),
  session_id: z.string().nullable(),
}).openapi('Self')

export const GroupModel = z
  .object({
    kind: z.literal('group'),
    name: z.string(),
    users: z.array(z.string()).optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
    roles: z.array(z.string()).optional(),
  })
  .openapi('Group')

export interface ModelSettings {
  readonly base: string
  readonly publicUrl: string
  readonly places: ApplicationPlaces
}

export interface UserModelSettings extends ModelSettings {
  rolesOfUser(user: User): readonly string[]
}

/** A server as far as anybody knows: what is kept of it, and its latest session. */
export interface ServerFacts {
  readonly name: string
  /** Null for the default server, and for one that is not kept: then its name stands for it. */
  readonly displayName: string | null
  /** What a start without options takes. */
  readonly options: Readonly<Record<string, unknown>> | null
  /** Null: it never ran. */
  readonly session: Session | null
}

/** @param isStateVisible `admin:server_state` is held for this server. */
export function toServerModel(
  userName: string,
  { name, displayName, options, session }: ServerFacts,
  settings: ModelSettings,
  isStateVisible: boolean,
): z.infer<typeof ServerModel> {
  const origin = originOf(settings.publicUrl)
  const progress = `${settings.base}hub/api${serverApiPath(userName, name)}/progress`
  const state = serverState(session)
  const chosen = session === null ? {} : { profile: session.spec.profile.key }
  return {
    name,
    full_name: `${userName}/${name}`,
    display_name: name === '' ? null : (displayName ?? name),
    // Asking for it is activity, too: who culls by age must not meet a null.
    last_activity: toWireTime(session?.lastActivityAt ?? session?.readyAt ?? session?.createdAt ?? null),
    // The job's start, not the request's: who culls by age must not count hours in the queue.
    started: toWireTime(state.stopped ? null : (session?.startedAt ?? null)),
    ...state,
    url: settings.places.url(userName, name),
    full_url: settings.places.fullUrl(userName, name),
    user_options: state.stopped ? { ...(options ?? chosen) } : chosen,
    progress_url: progress,
    full_progress_url: origin + progress,
    ...(isStateVisible
      ? { state: session === null ? {} : { job_id: jobOf(session), state: session.facts.state } }
      : {}),
    session: session?.id ?? null,
  }
}

const jobOf = ({ facts }: Session): string | null => ('jobId' in facts && facts.jobId) || null

/**
 * @param servers those that ended or never ran are left out unless `withStopped`.
 * @param scopes what the caller holds.
 */
export function toUserModel(
  user: User,
  servers: readonly ServerFacts[],
  scopes: ReadonlySet<string>,
  settings: UserModelSettings,
  withStopped: boolean,
): z.infer<typeof UserModel> {
  const may = (scope: string, server: string | null = null): boolean =>
    isCovered(scopes, scope, { user: user.name, server, groups: user.groups })
  const all = may('read:users')
  const withRoles = all || may('read:roles:users')
  const own = servers.find(({ name }) => name === '')?.session ?? null
  const visible = servers.filter(
    ({ name, session }) => (withStopped || !serverState(session).stopped) && may('read:servers', name),
  )
  return {
    kind: 'user',
    name: user.name,
    ...(may('read:users:name') || withRoles ? { admin: user.isAdmin } : {}),
    ...(may('read:users:name') ? { user_info: null } : {}),
    ...(withRoles ? { roles: [...settings.rolesOfUser(user)] } : {}),
    ...(all || may('read:users:groups') ? { groups: [...user.groups] } : {}),
    ...(all
      ? {
          server: serverState(own).ready ? settings.places.url(user.name, '') : null,
          pending: serverState(own).pending,
          created: toWireTime(user.createdAt),
        }
      : {}),
    ...(all || may('read:users:activity') ? { last_activity: toWireTime(user.lastActivityAt) } : {}),
    ...(may('read:servers') || visible.length > 0
      ? {
          servers: Object.fromEntries(
            // By the name of today: who was renamed is reached under the new one only.
            visible.map((server) => [
              server.name,
              toServerModel(user.name, server, settings, may('admin:server_state', server.name)),
            ]),
          ),
        }
      : {}),
    ...(may('admin:auth_state') ? { auth_state: null } : {}),
  }
}

/** @param members names; null if nobody has looked, since this caller may not see them. */
export function toGroupModel(
  { name, properties }: Group,
  members: readonly string[] | null,
  roles: readonly string[],
  scopes: ReadonlySet<string>,
): z.infer<typeof GroupModel> {
  const may = (scope: string): boolean => isCovered(scopes, scope, { user: null, server: null, group: name })
  return {
    kind: 'group',
    name,
    ...(may('read:groups') ? { users: [...(members ?? [])], properties: { ...properties } } : {}),
    ...(may('read:roles:groups') ? { roles: [...roles] } : {}),
  }
}

/** What a visitor may see and do to others on the pages for administrators: the API's scopes, with their filters. */
import { BatchwayError } from '../../core/errors.ts'
import { coversScopeText } from '../../people/scopes.ts'
import type { Session } from '../../sessions/session.ts'
import type { WebContext, WebRoom } from '../web-room.ts'

/** JupyterHub's scope for its admin page. */
export const adminScope = 'admin-ui'
/** Of who tells and stops everybody. */
const siteScope = 'admin:servers'
/** The audit log holds everybody's deeds. */
const auditScope = 'admin:users'
const about = ['read:servers', 'delete:servers', 'start:servers', 'list:users', 'read:users:name'] as const
type Scope = (typeof about)[number]

export interface Rights {
  /** Whether there is anybody whose sessions the visitor may not read: then each is asked about. */
  sees(session: Session): boolean
  mayStop(session: Session): boolean
  mayStart(userName: string): boolean
  knows(userName: string): boolean
  /** Whom the visitor may list: all (null), or these; undefined: nobody. */
  readonly lists: { readonly users: readonly string[]; readonly groups: readonly string[] } | null | undefined
  readonly rulesSite: boolean
  readonly readsAudit: boolean
}

/** @throws {BatchwayError} `forbidden` without `admin-ui`. */
export async function rightsOf(c: WebContext, { people }: Pick<WebRoom, 'people'>): Promise<Rights> {
  const { scopes } = c.get('visit')
  if (!scopes.has(adminScope)) throw new BatchwayError('forbidden', 'This page is for administrators.')
  const valuesOf = (scope: Scope, kind: string): readonly string[] => {
    const start = `${scope}!${kind}=`
    return [...scopes].flatMap((held) => (held.startsWith(start) ? [held.slice(start.length)] : []))
  }
  const groupNames = new Set(about.flatMap((scope) => valuesOf(scope, 'group')))
  const groupsOfUser = await membersByName(people, groupNames)
  const groupsOf = (userName: string): readonly string[] => groupsOfUser.get(userName) ?? []
  const covers = (scope: Scope, target: string): boolean =>
    scopes.has(scope) || coversScopeText(scopes, `${scope}!${target}`, groupsOf)
  const of = (scope: Scope) => (session: Session) => covers(scope, `server=${session.userName}/${session.serverName}`)
  const listed = { users: valuesOf('list:users', 'user'), groups: valuesOf('list:users', 'group') }
  return {
    sees: of('read:servers'),
    mayStop: of('delete:servers'),
    mayStart: (name) => covers('start:servers', `user=${name}`),
    knows: (name) => covers('read:users:name', `user=${name}`),
    lists: scopes.has('list:users') ? null : listed.users.length + listed.groups.length > 0 ? listed : undefined,
    rulesSite: scopes.has(siteScope),
    readsAudit: scopes.has(auditScope),
  }
}

/** One question for all groups that a right is about; none where rights are about everybody. */
async function membersByName(
  people: Pick<WebRoom['people'], 'findGroup' | 'membersOf'>,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const byUser = new Map<string, string[]>()
  if (names.size === 0) return byUser
  const groups = (await Promise.all([...names].map((name) => people.findGroup(name)))).filter((group) => group !== null)
  const members = await people.membersOf(groups.map(({ id }) => id))
  for (const { id, name } of groups)
    for (const user of members.get(id) ?? []) byUser.set(user, [...(byUser.get(user) ?? []), name])
  return byUser
}

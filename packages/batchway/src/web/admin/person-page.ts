import { BatchwayError } from '../../core/errors.ts'
import type { User } from '../../people/people.ts'
import { InvalidChoices } from '../../profiles/launch-model.ts'
import type { Session } from '../../sessions/session.ts'
import { profileView } from '../launch-page.ts'
import { record } from '../record.ts'
import { chooseServer } from '../server-name.ts'
import { sessionView } from '../session-view.ts'
import { sizeWords } from '../session-words.ts'
import { formOf, userOf } from '../visitor.ts'
import type { WebApp, WebContext, WebRoom } from '../web-room.ts'
import { backTo } from './admin-page.ts'
import { ago, chipOfSession } from './person-row.ts'
import { type Rights, rightsOf } from './rights.ts'

const endedShown = 10

/** One person as administrators see them: what runs, what ended, starting and stopping for them. */
export function mountPersonPage(app: WebApp, room: WebRoom): void {
  const { paths, sessions, drains, servers, launcher } = room
  const path = `${paths.admin}/users/:user`

  app.get(path, async (c) => {
    const rights = await rightsOf(c, room)
    return showPerson(c, room, rights, await personOf(c, room, rights))
  })

  app.post(`${path}/stop`, async (c) => {
    const rights = await rightsOf(c, room)
    const { session: only, back } = await formOf(c)
    const owner = await ownerOf(c, room)
    const own = owner === null ? [] : await sessions.listActiveOf(owner.id)
    const meant = own.filter((each) => (only === undefined || each.id === only) && rights.mayStop(each))
    if (owner === null || meant.length === 0) {
      if (owner === null || !rights.knows(owner.name)) throw notThere()
      // It has ended meanwhile, or it is not the visitor's to stop.
      if (own.some((each) => only === undefined || each.id === only))
        throw new BatchwayError('forbidden', 'You may not stop this.')
    }
    for (const session of meant) {
      if (session.facts.state === 'stopping') continue
      await sessions.stop(session.id, userOf(c).name)
      await record(c, room, {
        action: 'session-stop',
        object: `${session.userName}/${session.serverName}`,
        detail: `session ${session.id}`,
      })
    }
    return c.redirect(back === undefined ? paths.adminUser(owner.name) : backTo(paths.admin, back), 303)
  })

  app.post(`${path}/start`, async (c) => {
    const rights = await rightsOf(c, room)
    const owner = await ownerOf(c, room)
    if (owner === null || !(rights.knows(owner.name) || rights.mayStart(owner.name))) throw notThere()
    if (!rights.mayStart(owner.name))
      throw new BatchwayError('forbidden', 'You may not start sessions for this person.')
    const { profile = '', server: typed = '' } = await formOf(c)
    const given = profile === '' ? owner.preferences.lastChoice : { profile, fields: {} }
    if (given === null)
      return showPerson(c, room, rights, owner, {
        problem: 'They have not chosen a profile yet: choose one for them.',
        profile,
        server: typed,
      })
    if (typed.trim() === '' && (await sessions.findActive(owner.id, '')) !== null)
      return showPerson(c, room, rights, owner, {
        problem: 'Their main session is in use. Give this one a name.',
        profile,
        server: typed,
      })
    const chosen = await chooseServer(room, owner, typed)
    if (chosen.error !== null)
      return showPerson(c, room, rights, owner, { problem: chosen.error, profile, server: typed })
    const object = `${owner.name}/${chosen.name}`
    try {
      const spec = await launcher.choose(owner, given)
      drains.check(spec.cluster)
      await servers.ensure(owner, chosen.name, chosen.displayName)
      const session = await sessions.start(owner, chosen.name, spec)
      await record(c, room, {
        action: 'session-start',
        object,
        detail: `session ${session.id}, profile ${spec.profile.key}`,
      })
      return c.redirect(paths.adminUser(owner.name), 303)
    } catch (error) {
      if (!(error instanceof BatchwayError || error instanceof InvalidChoices)) throw error
      const detail = error instanceof BatchwayError ? error.code : 'invalid_choice'
      await record(c, room, { action: 'session-start', object, outcome: 'refused', detail })
      return showPerson(c, room, rights, owner, { problem: error.message, profile, server: typed })
    }
  })
}

/** One text for nobody and for somebody the visitor may not know of. */
const notThere = (): BatchwayError =>
  new BatchwayError('not_found', 'Nobody of this name is here, or you may not see them.')

const ownerOf = (c: WebContext, { people }: Pick<WebRoom, 'people'>): Promise<User | null> =>
  people.findUser(c.req.param('user') ?? '')

/** @throws {BatchwayError} `not_found` */
async function personOf(c: WebContext, room: WebRoom, rights: Rights): Promise<User> {
  const owner = await ownerOf(c, room)
  if (owner === null || !rights.knows(owner.name)) throw notThere()
  return owner
}

interface StartTry {
  readonly problem: string
  readonly profile: string
  readonly server: string
}

async function showPerson(c: WebContext, room: WebRoom, rights: Rights, owner: User, tried: StartTry | null = null) {
  const { paths, sessions, launcher, times, pages, now } = room
  const at = now()
  const [active, ended, profiles] = await Promise.all([
    sessions.listActiveOf(owner.id),
    sessions.listEndedOf(owner.id, endedShown),
    rights.mayStart(owner.name) ? launcher.list(owner) : [],
  ])
  const last = owner.preferences.lastChoice
  const lastTitle = last === null ? null : (profiles.find(({ key }) => key === last.profile)?.title ?? null)
  const seen = [...active.filter(rights.sees)]
  return pages.show(c, {
    template: 'admin-user',
    title: `${owner.name}: ${seen.length === 0 ? 'not on' : `${seen.length} on`}`,
    nav: 'admin',
    status: tried === null ? 200 : 422,
    every: tried === null ? 5 : null,
    kind: `admin-user ${owner.name}`,
    data: {
      person: {
        name: owner.name,
        is_admin: owner.isAdmin,
        groups: owner.groups.join(', '),
        seen: owner.lastActivityAt === null ? 'never' : ago(owner.lastActivityAt, at, times),
        known: times.moment(owner.createdAt, at),
        page: paths.adminUser(owner.name),
      },
      running: seen.map((session) => runningView(session, rights, room, at)),
      ended: ended.filter(rights.sees).map((session) => sessionView(session, at, times, paths)),
      may_start: rights.mayStart(owner.name),
      may_stop_all: seen.filter((session) => rights.mayStop(session) && session.facts.state !== 'stopping').length,
      profiles: profiles.map((profile) => profileView(profile, paths)),
      last_title: lastTitle,
      drained: room.drains.sentences(),
      tried,
      rules_site: rights.rulesSite,
      reads_audit: rights.readsAudit,
      audit_url: `${paths.auditLog}?user=${encodeURIComponent(owner.name)}`,
      announce_url: `${paths.admin}?to=${encodeURIComponent(owner.name)}#new-announcement`,
    },
  })
}

function runningView(session: Session, rights: Rights, { paths, times }: WebRoom, at: number) {
  const { facts, spec, serverName, createdAt, endsAt, lastActivityAt, readyAt } = session
  const use = lastActivityAt ?? readyAt
  return {
    id: session.id,
    server: serverName,
    chip: chipOfSession(session),
    profile: spec.profile.title,
    size: sizeWords(spec.resources),
    where: [
      spec.clusterTitle,
      'node' in facts && facts.node !== null ? facts.node : '',
      'jobId' in facts && facts.jobId !== null ? `job ${facts.jobId}` : '',
    ]
      .filter(Boolean)
      .join(', '),
    asked: times.day(createdAt, at),
    ends: facts.state === 'ready' && endsAt !== null ? times.day(endsAt, at) : '–',
    used: use === null ? '–' : ago(use, at, times),
    may_stop: rights.mayStop(session) && facts.state !== 'stopping',
    url: paths.session(session.id),
  }
}

/** Sessions: Batchway's own resource. What runs, what ran, and what happened to it. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { escapeName } from '../core/http.ts'
import { parseWireTime, toWireTime } from '../core/times.ts'
import { actorOf } from '../people/actor.ts'
import type { Session } from '../sessions/session.ts'
import { hiddenOrMissing } from './access.ts'
import { followAnnouncements } from './announcement-news.ts'
import { followClusters } from './cluster-news.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'
import { EventView, SessionView, toEventView, toSessionView } from './session-view.ts'
import type { OpenStream } from './streams.ts'
import { userOfPath } from './user-routes.ts'

const SessionPage = z
  .object({
    items: z.array(SessionView),
    _pagination: z.object({
      limit: z.number(),
      total: z.number(),
      next: z.object({ before: z.string(), url: z.string() }).nullable(),
    }),
  })
  .openapi('SessionPage')

const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: z.string().optional().openapi({ description: 'Only sessions that ended before this time' }),
})

export function sessionRoutes(deps: ApiDeps, openStream: OpenStream): readonly ApiRoute[] {
  const { people, sessions, settings } = deps

  /** The session must be this user's: an id alone opens nothing. */
  async function sessionOfPath({ params }: Incoming): Promise<Session> {
    const owner = await userOfPath(people, params)
    const session = await sessions.find(params.session ?? '')
    if (session === null || session.userId !== owner.id) throw hiddenOrMissing()
    return session
  }

  const view = (session: Session) => toSessionView(session, settings, sessions.lastWord(session.id))

  return [
    route({
      operationId: 'listSessions',
      method: 'get',
      path: '/users/{user}/sessions',
      access: { anyOf: ['read:servers'] },
      summary: 'Sessions of a user: on the first page those that run, then those that ended, newest first',
      query: PageQuery,
      responses: { 200: { description: 'A page of sessions', schema: SessionPage } },
      async handler({ params, query: { limit, before } }) {
        const owner = await userOfPath(people, params)
        const until = before === undefined ? undefined : parseWireTime(before)
        if (until === null) throw new BatchwayError('bad_request', 'query.before: not a time in ISO 8601')
        const active = until === undefined ? await sessions.listActiveOf(owner.id) : []
        const ended = await sessions.listEndedOf(owner.id, limit, until)
        const last = ended.length === limit ? ended.at(-1)?.endedAt : undefined
        const next = last ? toWireTime(last) : null
        const page: z.infer<typeof SessionPage> = {
          items: [...active, ...ended].map(view),
          _pagination: {
            limit,
            total: (await sessions.countEndedOf(owner.id)) + (await sessions.listActiveOf(owner.id)).length,
            // A path, not an address: the Host header of a request is no base to build on.
            next:
              next === null
                ? null
                : {
                    before: next,
                    url: `${settings.base}hub/api/users/${escapeName(owner.name)}/sessions?limit=${limit}&before=${encodeURIComponent(next)}`,
                  },
          },
        }
        return Response.json(page)
      },
    }),
    route({
      operationId: 'getSession',
      method: 'get',
      path: '/users/{user}/sessions/{session}',
      access: { anyOf: ['read:servers'] },
      summary: 'Read one session',
      responses: { 200: { description: 'The session', schema: SessionView } },
      handler: async (call) => Response.json(view(await sessionOfPath(call))),
    }),
    route({
      operationId: 'stopSession',
      method: 'delete',
      path: '/users/{user}/sessions/{session}',
      access: { anyOf: ['delete:servers'] },
      summary: 'Stop one session: never the one that came after it',
      responses: {
        202: { description: 'It is stopping', schema: SessionView },
        200: { description: 'It has ended', schema: SessionView },
      },
      async handler(call) {
        const session = await sessionOfPath(call)
        if (call.caller.kind === 'anonymous') throw hiddenOrMissing()
        const now = await sessions.stop(session.id, actorOf(call.caller))
        const object = `${session.userName}/${session.serverName}`
        await call.record({ action: 'session-stop', object, detail: `session ${session.id}` })
        return Response.json(view(now), { status: now.facts.state === 'ended' ? 200 : 202 })
      },
    }),
    route({
      operationId: 'listSessionEvents',
      method: 'get',
      path: '/users/{user}/sessions/{session}/events',
      access: { anyOf: ['read:servers'] },
      summary: 'What happened to a session, oldest first',
      query: z.object({ after: z.coerce.number().int().min(0).optional() }),
      responses: { 200: { description: 'Its events', schema: z.array(EventView) } },
      async handler(call) {
        const session = await sessionOfPath(call)
        const events = await sessions.listEvents(session.id, call.query.after)
        return Response.json(events.map(toEventView))
      },
    }),
    route({
      operationId: 'followSessions',
      method: 'get',
      path: '/sessions/events',
      access: { anyOf: ['read:servers'], of: 'caller' },
      summary: 'All changes of the caller’s sessions in one stream (server-sent events)',
      responses: {
        200: {
          description:
            'text/event-stream: one `snapshot`, then a `session` for each change, a `cluster` when a scheduler falls silent or answers again, and `announcements` when they are others',
        },
      },
      handler(call) {
        // A service has no sessions of its own.
        if (!('user' in call.caller)) throw hiddenOrMissing()
        const { user } = call.caller
        return openStream(call, (source) => {
          let isKnown = false
          const early: Session[] = []
          const tell = (session: Session): void => {
            if (isKnown) source.send(session.id, view(session), 'session')
            else early.push(session)
          }
          const unsubscribe = sessions.subscribe(user.id, tell)
          const unfollow = followClusters(deps, source)
          const unhear = followAnnouncements(deps, user, source)
          // Subscribed first: a change during this look-up is told after the snapshot, never lost.
          void sessions.listActiveOf(user.id).then(
            (active) => {
              source.send('snapshot', active.map(view), 'snapshot')
              isKnown = true
              for (const session of early.splice(0)) tell(session)
            },
            () => source.close(),
          )
          return () => {
            unfollow()
            unhear()
            unsubscribe()
          }
        })
      },
    }),
  ]
}

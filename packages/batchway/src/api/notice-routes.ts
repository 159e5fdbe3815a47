/** What administrators tell and stop for everybody: announcements on the pages, and drains. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { parseWireTime, toWireTime } from '../core/times.ts'
import { actorOf } from '../people/actor.ts'
import { type Announcement, type Audience, audienceWords } from '../people/announcements.ts'
import type { Drain } from '../sessions/drains.ts'
import { hiddenOrMissing } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, type Incoming, route } from './route.ts'

const AudienceModel = z
  .union([
    z.strictObject({ kind: z.literal('everyone') }),
    z.strictObject({ kind: z.literal('cluster'), cluster: z.string() }),
    z.strictObject({ kind: z.literal('user'), user: z.string() }),
  ])
  .openapi('Audience')
const AnnouncementModel = z
  .object({
    id: z.string(),
    text: z.string(),
    to: AudienceModel,
    by: z.string(),
    created: z.string(),
    until: z.string().nullable().openapi({ description: 'When it goes by itself; null: when it is withdrawn' }),
  })
  .openapi('Announcement')
const NewAnnouncement = z
  .strictObject({
    text: z.string().max(2_000),
    to: AudienceModel.default({ kind: 'everyone' }),
    until: z.string().nullish().openapi({ description: 'ISO 8601; without a zone it is UTC' }),
  })
  .openapi('NewAnnouncement')
const DrainModel = z
  .object({
    cluster: z.string().nullable().openapi({ description: 'null: the whole site' }),
    reason: z.string(),
    by: z.string(),
    since: z.string(),
  })
  .openapi('Drain')
const NewDrain = z.strictObject({ reason: z.string().max(2_000) }).openapi('NewDrain')

const toAnnouncement = ({ at, until, ...rest }: Announcement): z.infer<typeof AnnouncementModel> => ({
  ...rest,
  to: rest.to,
  created: toWireTime(at),
  until: toWireTime(until),
})
const toDrain = ({ since, ...rest }: Drain): z.infer<typeof DrainModel> => ({ ...rest, since: toWireTime(since) })

/** Who looks after everybody's servers tells and stops everybody: a scope with a filter opens none of these. */
const ofAll = { anyOf: ['admin:servers'] } as const

export function noticeRoutes({ announcements, drains }: ApiDeps): readonly ApiRoute[] {
  const nameOf = ({ caller }: Incoming): string => {
    if (caller.kind === 'anonymous') throw hiddenOrMissing()
    return actorOf(caller)
  }

  async function begin(call: Incoming, cluster: string | null, reason: string): Promise<Response> {
    const drain = await drains.begin(cluster, reason, nameOf(call))
    await call.record({ action: 'drain-begun', object: cluster ?? '', detail: drain.reason })
    return Response.json(toDrain(drain))
  }
  async function end(call: Incoming, cluster: string | null): Promise<Response> {
    if (!(await drains.end(cluster))) throw new BatchwayError('not_found', 'There is no such drain.')
    await call.record({ action: 'drain-ended', object: cluster ?? '' })
    return new Response(null, { status: 204 })
  }

  return [
    route({
      operationId: 'listAnnouncements',
      method: 'get',
      path: '/announcements',
      access: ofAll,
      summary: 'The announcements in force, whoever they are for, the newest first',
      responses: { 200: { description: 'The announcements', schema: z.array(AnnouncementModel) } },
      handler: () => Response.json(announcements.list().map(toAnnouncement)),
    }),
    route({
      operationId: 'announce',
      method: 'post',
      path: '/announcements',
      access: ofAll,
      summary:
        'Show a sentence on top of the pages of everyone, of people with a session on a cluster, or of one person',
      body: NewAnnouncement,
      responses: { 201: { description: 'It is shown', schema: AnnouncementModel } },
      async handler(call) {
        const { text, to, until: wire } = call.body
        const until = wire == null ? null : parseWireTime(wire)
        if (wire != null && until === null) throw new BatchwayError('bad_request', 'body.until: not a time in ISO 8601')
        const made = await announcements.publish({ text, to, until }, nameOf(call))
        await call.record({
          action: 'announced',
          object: objectOf(to),
          detail: `${made.id}, to ${audienceWords(to)}: ${made.text}`,
        })
        return Response.json(toAnnouncement(made), { status: 201 })
      },
    }),
    route({
      operationId: 'withdrawAnnouncement',
      method: 'delete',
      path: '/announcements/{announcement}',
      access: ofAll,
      summary: 'Take an announcement down',
      responses: { 204: { description: 'It is shown no more' } },
      async handler(call) {
        const gone = await announcements.withdraw(call.params.announcement ?? '')
        if (gone === null) throw new BatchwayError('not_found', 'There is no such announcement.')
        await call.record({ action: 'announcement-withdrawn', object: objectOf(gone.to), detail: gone.id })
        return new Response(null, { status: 204 })
      },
    }),
    route({
      operationId: 'listDrains',
      method: 'get',
      path: '/drains',
      access: 'signed-in',
      summary: 'What takes no new sessions at the moment, and why',
      responses: { 200: { description: 'The drains', schema: z.array(DrainModel) } },
      handler: () => Response.json(drains.list().map(toDrain)),
    }),
    route({
      operationId: 'drainSite',
      method: 'put',
      path: '/drain',
      access: ofAll,
      summary: 'Take no new sessions at all; those that run and wait stay',
      body: NewDrain,
      responses: { 200: { description: 'It is drained', schema: DrainModel } },
      handler: (call) => begin(call, null, call.body.reason),
    }),
    route({
      operationId: 'undrainSite',
      method: 'delete',
      path: '/drain',
      access: ofAll,
      summary: 'Take new sessions again, but for clusters that are drained by themselves',
      responses: { 204: { description: 'It is drained no more' } },
      handler: (call) => end(call, null),
    }),
    route({
      operationId: 'drainCluster',
      method: 'put',
      path: '/clusters/{cluster}/drain',
      access: ofAll,
      summary: 'Take no new sessions on a cluster; those that run and wait there stay',
      body: NewDrain,
      responses: { 200: { description: 'It is drained', schema: DrainModel } },
      handler: (call) => begin(call, call.params.cluster ?? '', call.body.reason),
    }),
    route({
      operationId: 'undrainCluster',
      method: 'delete',
      path: '/clusters/{cluster}/drain',
      access: ofAll,
      summary: 'Take new sessions on a cluster again',
      responses: { 204: { description: 'It is drained no more' } },
      handler: (call) => end(call, call.params.cluster ?? ''),
    }),
  ]
}

/** Whose entry of the audit log it is, too: one person's announcement is found under their name. */
const objectOf = (to: Audience): string => (to.kind === 'user' ? to.user : '')

/** What the site offers, and whether it works. */
import { z } from '@hono/zod-openapi'
import { toWireTime } from '../core/times.ts'
import { hiddenOrMissing } from './access.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, route } from './route.ts'

const ClusterView = z
  .object({
    key: z.string(),
    title: z.string(),
    driver: z.string(),
    last_answer: z.string().nullable(),
    failing_since: z.string().nullable(),
    words: z.string().nullable(),
    drained: z
      .string()
      .nullable()
      .openapi({ description: 'Why no new session is taken there at the moment, in words; null if they are' }),
    missing: z.number().int().openapi({
      description:
        'Sessions whose job its last answers did not show, and of which nothing else proves yet that they ended',
    }),
  })
  .openapi('Cluster')

const ReadinessView = z
  .object({
    ready: z.boolean().openapi({ description: 'Database and proxy answer' }),
    database: z.boolean(),
    proxy: z.boolean(),
    schedulers: z.object({
      answering: z.number().int(),
      silent: z.number().int(),
      oldest_answer_seconds: z.number().nullable(),
    }),
  })
  .openapi('Readiness')

const ProfileView = z
  .object({ key: z.string(), title: z.string(), description: z.string(), cluster: z.string(), application: z.string() })
  .openapi('Profile')

export function siteRoutes(deps: ApiDeps): readonly ApiRoute[] {
  const { settings, clusters, sessions } = deps
  return [
    route({
      operationId: 'getVersion',
      method: 'get',
      path: '',
      aliases: ['/'],
      access: 'anonymous',
      summary: 'The level of JupyterHub’s API that is spoken here',
      responses: { 200: { description: 'Versions', schema: z.object({ version: z.string() }) } },
      handler: () =>
        Response.json(
          { version: settings.versions.jupyterhub },
          { headers: { 'Access-Control-Allow-Origin': '*', 'X-Batchway-Site': settings.siteId } },
        ),
    }),
    route({
      operationId: 'getHealth',
      method: 'get',
      path: '/health',
      access: 'anonymous',
      summary: 'Answers while the hub lives',
      responses: { 200: { description: 'Alive' } },
      handler: () => new Response(null, { status: 200 }),
    }),
    route({
      operationId: 'getReadiness',
      method: 'get',
      path: '/ready',
      access: 'anonymous',
      summary: 'Whether what the hub needs answers; a silent scheduler is told and is no reason to send nobody here',
      responses: {
        200: { description: 'Ready', schema: ReadinessView },
        503: { description: 'Database or proxy do not answer', schema: ReadinessView },
      },
      async handler() {
        const { database, proxy, schedulers } = await deps.readiness()
        const { oldestAnswerSeconds, ...counts } = schedulers
        const ready = database && proxy
        return Response.json(
          { ready, database, proxy, schedulers: { ...counts, oldest_answer_seconds: oldestAnswerSeconds } },
          { status: ready ? 200 : 503 },
        )
      },
    }),
    route({
      operationId: 'getMetrics',
      method: 'get',
      path: '/metrics',
      access: settings.guardsMetrics ? { anyOf: ['read:metrics'] } : 'anonymous',
      summary: 'Figures of this hub for Prometheus',
      responses: { 200: { description: 'Prometheus’ text format' } },
      handler: async () =>
        new Response(await deps.metrics.text(), { headers: { 'Content-Type': deps.metrics.contentType } }),
    }),
    route({
      operationId: 'listClusters',
      method: 'get',
      path: '/clusters',
      access: 'signed-in',
      summary: 'The clusters, and when each last answered',
      responses: { 200: { description: 'The clusters', schema: z.array(ClusterView) } },
      handler: () =>
        Response.json(
          clusters.map(({ key, title, driver }) => {
            const { lastAnswerAt, failingSince, words, missing = 0 } = sessions.clusterHealth(key)
            return {
              key,
              title,
              driver,
              last_answer: toWireTime(lastAnswerAt),
              failing_since: toWireTime(failingSince),
              words,
              drained: deps.drains.refusal(key),
              missing,
            }
          }),
        ),
    }),
    route({
      operationId: 'listProfiles',
      method: 'get',
      path: '/profiles',
      access: 'signed-in',
      summary: 'The profiles that the caller may start',
      responses: { 200: { description: 'The profiles', schema: z.array(ProfileView) } },
      handler({ caller }) {
        if (caller.kind === 'anonymous') throw hiddenOrMissing()
        // Profiles are offered to people.
        if (caller.kind === 'service') return Response.json([])
        return Response.json(
          deps.listProfiles(caller.user).map(({ key, title, description, cluster, application }) => ({
            key,
            title,
            description,
            cluster,
            application,
          })),
        )
      },
    }),
  ]
}

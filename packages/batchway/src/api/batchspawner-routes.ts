/** `batchspawner-singleuser` tells the hub which port it chose: for the agent in the same job, which relays there. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, route } from './route.ts'

/** Batchspawner's hub sets whatever attribute of the spawner the body names; here it is a port and nothing else. */
const Announcement = z.strictObject({ port: z.int().min(1).max(65_535) }).openapi('ApplicationPort')

export function batchspawnerRoutes({ sessions }: Pick<ApiDeps, 'sessions'>): readonly ApiRoute[] {
  return [
    route({
      operationId: 'announcePort',
      method: 'post',
      path: '/batchspawner',
      access: 'signed-in',
      summary: 'A starting server says by its own token on which port it listens, as batchspawner-singleuser does',
      body: Announcement,
      maxBodyBytes: 1024,
      responses: {
        201: { description: 'Noted: the agent of its job is told', schema: z.object({ message: z.string() }) },
        400: { description: 'It is not starting, or this is no port' },
        403: { description: 'Not the token of a server' },
      },
      async handler({ caller, body: { port } }) {
        const token = caller.kind === 'token' ? caller.token : null
        if (token?.kind !== 'server' || token.sessionId === null)
          throw new BatchwayError('forbidden', 'Only a server can say where it listens, by its own token.')
        await sessions.announcePort(token.sessionId, port)
        return Response.json({ message: 'The port is noted.' }, { status: 201 })
      },
    }),
  ]
}

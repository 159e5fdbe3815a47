/** The agent's two messages. On the internal listener only: nothing outside the compute nodes has business here. */

import { type ClaimRefusal, oldestProtocol, protocolVersion } from '@batchway/agent'
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { ClaimRefused } from '../sessions/claims.ts'
import { ClaimBody, maxReportBytes, ReportBody, toClaimRequest, toReport } from './agent-messages.ts'
import { bearerOf } from './authenticate.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, route } from './route.ts'

/** `superseded` and `ended` end the job quietly, `later` lets it ask again; the statuses are for people who read along. */
const statuses = { superseded: 409, ended: 409, protocol: 409, forbidden: 403, later: 425 } as const

const refuse = (status: number, code: ClaimRefusal['code'], message: string): Response =>
  Response.json({ code, message } satisfies ClaimRefusal, { status })

export function agentRoutes({ sessions, log }: Pick<ApiDeps, 'sessions' | 'log'>): readonly ApiRoute[] {
  return [
    route({
      operationId: 'claimAttempt',
      method: 'post',
      path: '/agent/claim',
      access: 'agent',
      summary: 'An agent asks to run the application of its session',
      // The protocol is looked at first: an agent of another one is told so, not that a field is missing.
      body: z.looseObject({ protocol: z.number() }).nullable(),
      maxBodyBytes: 16 * 1024,
      responses: {
        200: { description: 'The claim won: what to run, and the credentials for it' },
        403: { description: 'Refused: the secret is not the attempt’s' },
        409: { description: 'Refused: another claim superseded it, the session ended, or the protocol differs' },
        425: { description: 'Ask again' },
      },
      async handler({ request, body }) {
        const secret = bearerOf(request)
        if (secret === null) return refuse(403, 'forbidden', 'No credential.')
        if (!body || body.protocol < oldestProtocol || body.protocol > protocolVersion)
          return refuse(
            409,
            'protocol',
            `This hub speaks agent protocol ${protocolVersion}. Install the agent of its version.`,
          )
        const parsed = ClaimBody.safeParse(body)
        if (!parsed.success) {
          const where = parsed.error.issues[0]?.path.join('.') ?? ''
          return refuse(409, 'protocol', `The claim does not fit: ${where}`)
        }
        try {
          return Response.json(await sessions.claim(secret, toClaimRequest(parsed.data)))
        } catch (error) {
          if (error instanceof ClaimRefused) return refuse(statuses[error.refusal], error.refusal, error.message)
          if (error instanceof BatchwayError) return refuse(503, 'later', error.message)
          log.error({ err: error, session: parsed.data.session }, 'a claim failed')
          return refuse(500, 'later', 'Internal error. Ask again.')
        }
      },
    }),
    route({
      operationId: 'report',
      method: 'post',
      path: '/agent/report',
      access: 'agent',
      summary: 'An agent says how its application is',
      body: ReportBody,
      maxBodyBytes: maxReportBytes,
      responses: {
        200: { description: 'Noted, with what to do next' },
        410: { description: 'The claim was revoked: end' },
      },
      async handler({ request, body }) {
        const token = bearerOf(request)
        if (token === null) throw new BatchwayError('forbidden', 'No credential.')
        return Response.json(await sessions.report(token, toReport(body)))
      },
    }),
  ]
}

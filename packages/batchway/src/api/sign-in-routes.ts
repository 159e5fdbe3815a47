/** For administrators: what a sign-in would become. */
import { z } from '@hono/zod-openapi'
import { BatchwayError } from '../core/errors.ts'
import { parseClaims, whoWords } from '../people/who.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiRoute, route } from './route.ts'

const WhoView = z
  .object({
    admitted: z.boolean(),
    name: z.string().nullable().openapi({ description: 'Of the user; null if refused' }),
    admin: z.boolean().nullable().openapi({ description: 'Null where a sign-in decides nothing about that' }),
    groups: z.array(z.string()).nullable().openapi({ description: 'Null where a sign-in changes none' }),
    steps: z.array(z.string()).openapi({ description: 'What was looked at, and what it said' }),
    outcome: z.string(),
  })
  .openapi('Who')

export const signInRoutes = ({ examineSignIn }: Pick<ApiDeps, 'examineSignIn'>): readonly ApiRoute[] => [
  route({
    operationId: 'examineSignIn',
    method: 'get',
    path: '/sign-in/who',
    access: { anyOf: ['admin:users'] },
    summary: 'Who somebody would be after signing in, and why; nothing is changed',
    query: z.object({
      subject: z.string().min(1).max(1_000).openapi({ description: 'The name as the sign-in gives it' }),
      claims: z
        .string()
        .max(8_000)
        .default('')
        .openapi({ description: 'What the sign-in tells of the person: lines NAME=VALUE' }),
    }),
    responses: { 200: { description: 'What would become of them', schema: WhoView } },
    async handler({ query }) {
      const parsed = parseClaims(query.claims)
      if ('wrong' in parsed) throw new BatchwayError('bad_request', 'query.claims: write a line NAME=VALUE for each')
      const answer = await examineSignIn(query.subject, parsed.claims)
      const { decision } = answer.examined
      const isAdmitted = decision.kind === 'admitted'
      return Response.json({
        admitted: isAdmitted,
        name: isAdmitted ? decision.name : null,
        admin: isAdmitted ? decision.isAdmin : null,
        groups: isAdmitted ? decision.groups : null,
        ...whoWords(answer),
      })
    },
  }),
]

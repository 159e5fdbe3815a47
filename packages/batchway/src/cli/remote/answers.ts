/** What the commands read of the API's answers; everything else goes through to `--json` as it came. */
import { z } from 'zod'

const time = z.string().nullish()

export const ServerAnswer = z.looseObject({
  name: z.string(),
  full_name: z.string().optional(),
  display_name: z.string().nullish(),
  pending: z.string().nullish(),
  ready: z.boolean(),
  stopped: z.boolean().optional(),
  started: time,
  last_activity: time,
  url: z.string(),
  full_url: z.string().nullish(),
  user_options: z.record(z.string(), z.unknown()).nullish(),
  /** Batchway's own: the session that it runs, or ran last. */
  session: z.string().nullish(),
})
export type ServerAnswer = z.infer<typeof ServerAnswer>

export const UserAnswer = z.looseObject({
  kind: z.string().optional(),
  name: z.string(),
  admin: z.boolean().optional(),
  roles: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
  created: time,
  last_activity: time,
  servers: z.record(z.string(), ServerAnswer).optional(),
  scopes: z.array(z.string()).optional(),
})
export type UserAnswer = z.infer<typeof UserAnswer>

export const GroupAnswer = z.looseObject({
  name: z.string(),
  users: z.array(z.string()).optional(),
  roles: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
})
export type GroupAnswer = z.infer<typeof GroupAnswer>

export const TokenAnswer = z.looseObject({
  id: z.string(),
  note: z.string().nullish(),
  scopes: z.array(z.string()).optional(),
  created: time,
  last_activity: time,
  expires_at: time,
  oauth_client: z.string().nullish(),
})
export type TokenAnswer = z.infer<typeof TokenAnswer>
export const TokenList = z.looseObject({ api_tokens: z.array(TokenAnswer) })
export const NewTokenAnswer = TokenAnswer.extend({ token: z.string().min(1) })

export const ServiceAnswer = z.looseObject({
  name: z.string(),
  url: z.string().nullish(),
  prefix: z.string().nullish(),
  roles: z.array(z.string()).optional(),
  display: z.boolean().optional(),
})
export type ServiceAnswer = z.infer<typeof ServiceAnswer>
export const ServiceList = z.record(z.string(), ServiceAnswer)

const Sentence = z.looseObject({ title: z.string().optional(), sentence: z.string(), next: z.string().optional() })
export const SessionAnswer = z.looseObject({
  id: z.string(),
  state: z.string(),
  profile: z.looseObject({ key: z.string(), title: z.string() }),
  cluster: z.string(),
  job_id: z.string().nullish(),
  node: z.string().nullish(),
  waiting: Sentence.nullish(),
  outcome: Sentence.extend({ log: z.array(z.string()).default([]), log_place: z.string().nullish() }).nullish(),
  ends: time,
  open_url: z.string().optional(),
  full_url: z.string().optional(),
})
export type SessionAnswer = z.infer<typeof SessionAnswer>

export const Paged = z.looseObject({
  items: z.array(z.unknown()),
  _pagination: z.looseObject({ next: z.looseObject({ url: z.string() }).nullable() }),
})
export const ErrorAnswer = z.looseObject({ message: z.string(), type: z.string().optional() })

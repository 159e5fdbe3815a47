/** JupyterHub's models of shares and of share codes (contract 2.4). */
import { z } from '@hono/zod-openapi'
import { toWireTime } from '../core/times.ts'
import { scopeOnServer } from '../people/share-scopes.ts'
import type { Share, ShareCode } from '../people/shares.ts'
import type { ModelSettings } from './models.ts'

const named = z.object({ name: z.string() })
const SharedServer = z
  .object({
    user: named,
    name: z.string(),
    url: z.string(),
    full_url: z.string().nullable(),
    ready: z.boolean(),
  })
  .openapi('SharedServer')
export const ShareModel = z
  .object({
    kind: z.enum(['user', 'group']),
    server: SharedServer,
    scopes: z.array(z.string()),
    user: named.nullable(),
    group: named.nullable(),
    created_at: z.string().nullable(),
  })
  .openapi('Share')
export const ShareCodeModel = z
  .object({
    server: SharedServer,
    id: z.string().openapi({ description: 'Names the code to revoke it; not the code itself' }),
    scopes: z.array(z.string()),
    created_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    exchange_count: z.int(),
    last_exchanged_at: z.string().nullable(),
  })
  .openapi('ShareCode')
export const NewShareCodeModel = ShareCodeModel.extend({
  code: z.string().openapi({ description: 'Shown this once' }),
  accept_url: z.string(),
  full_accept_url: z.string().nullable(),
}).openapi('NewShareCode')

type Of = Pick<Share, 'ownerName' | 'serverName'>

const toSharedServer = (
  { ownerName, serverName }: Of,
  isReady: boolean,
  { places }: ModelSettings,
): z.infer<typeof SharedServer> => ({
  user: { name: ownerName },
  name: serverName,
  url: places.url(ownerName, serverName),
  full_url: places.fullUrl(ownerName, serverName),
  ready: isReady,
})

const scopesOf = ({ ownerName, serverName, scopes }: Of & Pick<Share, 'scopes'>): string[] =>
  scopes.map((scope) => scopeOnServer(scope, ownerName, serverName))

export const toShareModel = (share: Share, isReady: boolean, settings: ModelSettings): z.infer<typeof ShareModel> => ({
  kind: share.to.kind,
  server: toSharedServer(share, isReady, settings),
  scopes: scopesOf(share),
  user: share.to.kind === 'user' ? { name: share.to.name } : null,
  group: share.to.kind === 'group' ? { name: share.to.name } : null,
  created_at: toWireTime(share.createdAt),
})

export const toShareCodeModel = (
  code: ShareCode,
  isReady: boolean,
  settings: ModelSettings,
): z.infer<typeof ShareCodeModel> => ({
  server: toSharedServer(code, isReady, settings),
  id: `sc_${code.id}`,
  scopes: scopesOf(code),
  created_at: toWireTime(code.createdAt),
  expires_at: toWireTime(code.expiresAt),
  exchange_count: code.exchangeCount,
  last_exchanged_at: toWireTime(code.lastExchangedAt),
})

/** @returns null for a text that is no id of ours. */
export function parseShareCodeId(text: string): number | null {
  const [, digits] = /^sc_([1-9]\d{0,14})$/.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}

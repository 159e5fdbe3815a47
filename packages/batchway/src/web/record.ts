import type { AuditInput } from '../people/audit.ts'
import type { WebContext, WebRoom } from './web-room.ts'

/** An entry of the audit log about what this request did: by its visitor and from its address, unless the entry says otherwise. */
export const record = (
  c: WebContext,
  { audit, addressOf }: Pick<WebRoom, 'audit' | 'addressOf'>,
  entry: Omit<AuditInput, 'actor' | 'address'> & { readonly actor?: string },
): Promise<void> =>
  audit({
    actor: c.get('visit').user?.name ?? 'anonymous',
    address: addressOf(c.req.raw.headers),
    way: c.get('visit').signIn?.way ?? '',
    ...entry,
  })

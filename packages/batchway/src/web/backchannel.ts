import { tryLimit } from './try-limit.ts'
import { formOf } from './visitor.ts'
import type { WebApp, WebContext, WebRoom } from './web-room.ts'

/** Tokens that are none cost tries: each makes us check a signature. */
const badTokens = { tries: 60, everyMs: 1_000, addresses: 10_000 } as const

/**
 * A provider tells that somebody has signed out there: OpenID Connect Back-Channel Logout 1.0, section 2.5. No browser takes part: the
 * token alone counts, so that neither cookies nor form tokens are looked at.
 */
export function mountBackchannel(app: WebApp, room: WebRoom): void {
  const limit = tryLimit(badTokens, room.now)
  for (const way of room.logins) {
    if (way.kind !== 'redirect' || way.signedOutThere === undefined) continue
    const { id, signedOutThere } = way
    app.post(room.paths.loginBackchannel(id), async (c: WebContext) => {
      const address = room.addressOf(c.req.raw.headers)
      if (limit.take(address) > 0) return c.json({ error: 'slow_down' }, 429)
      const token = (await formOf(c)).logout_token ?? ''
      const handles = token === '' ? null : await signedOutThere(token)
      if (handles === null) return c.json({ error: 'invalid_request' }, 400)
      limit.giveBack(address)
      const ended = await room.kept.endedThere(id, handles)
      room.log.info({ login: id, ended }, 'signed out at the provider')
      return c.body(null, 200)
    })
  }
}

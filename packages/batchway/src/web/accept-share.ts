import { BatchwayError } from '../core/errors.ts'
import { validateNext } from '../core/next-url.ts'
import { scopeOnServer } from '../people/share-scopes.ts'
import type { Share } from '../people/shares.ts'
import { record } from './record.ts'
import { shareWords } from './share-words.ts'
import { formOf, userOf } from './visitor.ts'
import type { WebApp, WebRoom } from './web-room.ts'

/**
 * An invitation to somebody's server: the link shows what it gives, and a button accepts it. The link alone changes nothing: whoever is
 * sent one must not be the guest of a stranger by looking at a message.
 */
export function mountAcceptShare(app: WebApp, room: WebRoom): void {
  const { paths, shares, pages, settings } = room

  app.get(paths.acceptShare, async (c) => {
    const { id } = userOf(c)
    const text = c.req.query('code') ?? ''
    const code = await shares.peekCode(text)
    if (code === null)
      throw new BatchwayError('not_found', 'This invitation is not known, or it is too old. Ask for another one.')
    if (code.ownerId === id)
      throw new BatchwayError('forbidden', 'This is an invitation to your own server: send it to others.')
    const next = validateNext(c.req.query('next'), settings.base, settings.origins)
    return pages.show(c, {
      template: 'accept-share',
      title: 'An invitation',
      data: {
        owner: code.ownerName,
        name: code.serverName,
        until: room.times.full(code.expiresAt),
        rights: code.scopes.map((scope) => ({
          name: scopeOnServer(scope, code.ownerName, code.serverName),
          description: shareWords(scope),
        })),
        action: paths.acceptShare,
        code: text,
        next: next ?? '',
        cancel: paths.home,
      },
    })
  })

  app.post(paths.acceptShare, async (c) => {
    const user = userOf(c)
    const form = await formOf(c)
    // In JupyterHub's form the address holds both.
    const share: Share | null = await shares.redeemCode(form.code ?? c.req.query('code') ?? '', user)
    if (share === null)
      throw new BatchwayError('bad_request', 'This invitation is not known, or it is too old. Ask for another one.')
    const object = `${share.ownerName}/${share.serverName}`
    await record(c, room, { action: 'share-accepted', object, detail: share.scopes.join(' ') })
    const next =
      validateNext(form.next, settings.base, settings.origins) ??
      validateNext(c.req.query('next'), settings.base, settings.origins)
    return c.redirect(next ?? paths.server(share.ownerName, share.serverName), 303)
  })
}

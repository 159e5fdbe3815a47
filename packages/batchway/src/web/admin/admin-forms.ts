import { BatchwayError } from '../../core/errors.ts'
import type { Audience } from '../../people/announcements.ts'
import { audienceWords } from '../../people/announcements.ts'
import { record } from '../record.ts'
import { formOf, userOf } from '../visitor.ts'
import type { WebApp, WebRoom } from '../web-room.ts'
import { showAdmin, siteRights, type Tried } from './admin-page.ts'
import { rightsOf } from './rights.ts'

/** Announcing and draining, from the page of who is on. */
export function mountAdminForms(app: WebApp, room: WebRoom): void {
  const { paths, announcements, drains, times } = room

  app.post(`${paths.admin}/announcements`, async (c) => {
    siteRights(await rightsOf(c, room))
    const fields = await formOf(c)
    const { text = '', until: local = '' } = fields
    try {
      const until = local.trim() === '' ? null : times.parse(local.trim())
      if (until === null && local.trim() !== '')
        throw new BatchwayError(
          'invalid_choice',
          `${JSON.stringify(local.slice(0, 40))} is no time. Write it like 2026-11-24 12:00.`,
        )
      const made = await announcements.publish({ text, to: audienceOf(fields), until }, userOf(c).name)
      await record(c, room, {
        action: 'announced',
        object: made.to.kind === 'user' ? made.to.user : '',
        detail: `${made.id}, to ${audienceWords(made.to)}: ${made.text}`,
      })
      return c.redirect(`${paths.admin}#new-announcement`, 303)
    } catch (error) {
      return showAdmin(c, room, triedOf('announce', fields, error))
    }
  })

  app.post(`${paths.admin}/announcements/:id/withdraw`, async (c) => {
    siteRights(await rightsOf(c, room))
    const gone = await announcements.withdraw(c.req.param('id'))
    // Twice pressed, or withdrawn by somebody else meanwhile: it is gone, as was wanted.
    if (gone !== null)
      await record(c, room, {
        action: 'announcement-withdrawn',
        object: gone.to.kind === 'user' ? gone.to.user : '',
        detail: gone.id,
      })
    return c.redirect(`${paths.admin}#new-announcement`, 303)
  })

  app.post(`${paths.admin}/drains`, async (c) => {
    siteRights(await rightsOf(c, room))
    const fields = await formOf(c)
    const cluster = fields.cluster === undefined || fields.cluster === '' ? null : fields.cluster
    try {
      const { reason } = await drains.begin(cluster, fields.reason ?? '', userOf(c).name)
      await record(c, room, { action: 'drain-begun', object: cluster ?? '', detail: reason })
      return c.redirect(`${paths.admin}#drain`, 303)
    } catch (error) {
      return showAdmin(c, room, triedOf('drain', fields, error))
    }
  })

  app.post(`${paths.admin}/drains/end`, async (c) => {
    siteRights(await rightsOf(c, room))
    const { cluster: key = '' } = await formOf(c)
    if (await drains.end(key === '' ? null : key)) await record(c, room, { action: 'drain-ended', object: key })
    return c.redirect(`${paths.admin}#drain`, 303)
  })
}

/** `to` is `everyone`, `user`, or `cluster:KEY`; a name typed beside counts for `user`. */
function audienceOf({ to = 'everyone', user = '' }: Readonly<Record<string, string>>): Audience {
  if (to.startsWith('cluster:')) return { kind: 'cluster', cluster: to.slice('cluster:'.length) }
  return to === 'user' ? { kind: 'user', user: user.trim() } : { kind: 'everyone' }
}

/** What a form holds that somebody else than our page has sent. */
const empty = { text: '', to: 'everyone', user: '', until: '', cluster: '', reason: '' }

/** @throws what is no word about the form. */
function triedOf(form: Tried['form'], fields: Tried['fields'], error: unknown): Tried {
  if (!(error instanceof BatchwayError)) throw error
  return {
    form,
    problem: error.message,
    fields: { ...empty, ...fields },
    status: error.status === 404 ? 422 : error.status,
  }
}

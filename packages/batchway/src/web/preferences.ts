import { validateNext } from '../core/next-url.ts'
import { formOf, userOf } from './visitor.ts'
import type { WebApp, WebRoom } from './web-room.ts'

/** Appearance: saved for the user, written into the page by the server, so that nothing flashes. */
export function mountPreferences(app: WebApp, room: WebRoom): void {
  const { paths, people, settings } = room
  app.post(paths.preferences, async (c) => {
    const given = await formOf(c)
    const theme = (['system', 'light', 'dark'] as const).find((name) => name === given.theme) ?? 'system'
    const contrast = given.contrast === 'more' ? 'more' : 'normal'
    await people.savePreferences(userOf(c).id, { theme, contrast })
    return c.redirect(validateNext(given.next, paths.base, settings.origins) ?? paths.home, 303)
  })
}

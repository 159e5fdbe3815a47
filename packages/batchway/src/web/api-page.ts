import { type ApiReference, apiReference } from './api-reference.ts'
import type { WebApp, WebRoom } from './web-room.ts'

/** The API for people who read: from the same description that programs get, for everybody. */
export function mountApiPage(app: WebApp, room: WebRoom): void {
  let reference: ApiReference | null = null
  app.get(room.paths.apiDocs, (c) => {
    reference ??= apiReference(room.describeApi())
    return room.pages.show(c, {
      template: 'api',
      title: 'REST API',
      data: { api: reference, origin: new URL(room.settings.publicUrl).origin },
    })
  })
}

/** A second proxy to the same application, which nobody tells what was revoked: the counterpart of each refusal. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openControlClient, startProxy } from '@batchway/proxy'
import { liveSession } from './live-secrets.ts'
import type { Site } from './site.ts'

export interface Undefended extends AsyncDisposable {
  /** Where it listens. */
  readonly origin: string
}

export async function openUndefended(site: Site, user: string, server: string): Promise<Undefended> {
  using real = openControlClient({
    address: `unix:${join(site.stateDirectory, 'proxy.sock')}`,
    token: readFileSync(join(site.stateDirectory, 'proxy.token'), 'utf8').trim(),
  })
  const path = `${site.base}user/${user}${server === '' ? '' : `/${server}`}`
  const route = (await real.listRoutes()).get(path)
  if (!route) throw new Error(`there is no route ${path}`)
  await using undo = new AsyncDisposableStack()
  const proxy = undo.use(await startProxy({ listen: ['127.0.0.1:0'], control: '127.0.0.1:0', token: 'test' }))
  using control = openControlClient({ address: proxy.control, token: 'test' })
  await control.addRoute(path, { target: route.target, psk: liveSession(site, user, server).psk })
  const keep = undo.move()
  return { origin: `http://${proxy.listen[0]}`, [Symbol.asyncDispose]: () => keep.disposeAsync() }
}

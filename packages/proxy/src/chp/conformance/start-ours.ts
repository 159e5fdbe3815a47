import { parseAddress } from '../../address.ts'
import { type Log, silentLog } from '../../log.ts'
import { readChpCommandLine } from '../command-line.ts'
import { startChp } from '../start.ts'
import type { Group } from './row.ts'
import { type Places, Site, token, type World } from './world.ts'

export type StartedSite = Site & AsyncDisposable

/** Ours, in this process, as the command would start it. */
export async function startOurs(group: Group, world: World, log: Log = silentLog): Promise<StartedSite> {
  const given = [...group.options(world), ...(group.ownOptions ?? [])].map((word) =>
    word === 'PORT' || word === 'REDIRECT' ? '0' : word,
  )
  const side = given.includes('--socket') ? [] : ['--ip=127.0.0.1', '--port=0']
  const settings = readChpCommandLine([...side, '--api-ip=127.0.0.1', '--api-port=0', '--drain-seconds=0', ...given])
  if (typeof settings === 'string') throw new Error(`asks for ${settings}`)
  const { CONFIGPROXY_SSL_KEY_PASSPHRASE: passphrase, CONFIGPROXY_API_SSL_KEY_PASSPHRASE: apiPassphrase } =
    group.env ?? {}
  const running = await startChp(settings, { token, passphrase, apiPassphrase }, log)
  const { listen, control, metrics } = running.proxy
  // Every interface has no name: its port is at the end.
  const redirect = running.redirect === null ? null : parseAddress(`127.0.0.1${running.redirect}`)
  const places: Places = {
    front: parseAddress(listen[0] ?? ''),
    api: parseAddress(control),
    metrics: metrics === null ? null : parseAddress(metrics),
    redirect,
  }
  return Object.assign(new Site(world, places, group.apiTls?.(world)), { [Symbol.asyncDispose]: () => running.stop(0) })
}

/** Rows share a proxy, and begin without routes. */
export async function removeRoutes(site: Site): Promise<void> {
  const routes: object = JSON.parse((await site.call('GET', '/api/routes')).slice(4))
  for (const path of Object.keys(routes))
    await site.call('DELETE', `/api/routes/${path.slice(1).split('/').map(encodeURIComponent).join('/')}`)
}

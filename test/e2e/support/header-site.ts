/** A site that a front server signs people in for. */
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import { withEcho } from './echo-profile.ts'
import { openSite, type Site } from './site.ts'

export const frontSecret = '4b1d9e07c2f8a63550d7e1b94c8a2f6693e07d1b5ac84f20'

export interface HeaderSiteOptions {
  readonly instance: string
  /** Where people reach it: the front server. */
  readonly url: string
  readonly port: number
  readonly header?: Readonly<Record<string, unknown>>
  /** Merged over the configuration of the proxy. */
  readonly proxy?: Readonly<Record<string, unknown>>
  /** Is there no unix socket for a front server? */
  readonly isWithoutSocket?: boolean
  readonly people?: Readonly<Record<string, unknown>>
}

/** The front server is at 127.0.0.1 and shows the secret, or at the unix socket `front.sock` of the state directory if there is one. */
export function openHeaderSite(options: HeaderSiteOptions): Promise<Site> {
  const { pathname } = new URL(options.url)
  return openSite({
    base: pathname,
    instance: options.instance,
    port: options.port,
    change(config) {
      withEcho(config)
      const state = String(config.stateDirectory)
      const file = join(state, 'front.secret')
      const hub = findAccount('batchway')
      writeFileSync(file, `${frontSecret}\n`, { mode: 0o600 })
      if (hub) chownSync(file, hub.uid, hub.gid)
      config.url = options.url
      const socket = options.isWithoutSocket ? [] : [`unix:${join(state, 'front.sock')}`]
      config.listen = [`127.0.0.1:${options.port}`, ...socket]
      config.signIn = [{ type: 'header', data: {}, ...options.header }, { type: 'link' }]
      if (options.people) config.people = options.people
      config.proxy = { trustedFronts: ['127.0.0.1', 'unix'], frontSecretFile: file, ...options.proxy }
    },
  })
}

import { randomBytes, randomUUID } from 'node:crypto'
import { type ControlClient, openControlClient } from '@batchway/proxy/hub-side'
import { type CommandHelper, openCommandHelper } from '@batchway/schedulers'
import { type Figures, metricsPrefix, openFigures } from '../api/metrics.ts'
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import { type Audit, openAudit } from '../people/audit.ts'
import { openStores, type Stores } from '../store/stores.ts'
import type { WebSettings } from '../web/web-room.ts'
import { type HubKeys, hubKeys } from './hub-keys.ts'
import { isAnswered } from './listen.ts'
import { type NameService, openNameService } from './name-service.ts'
import { type HubEvents, openHubEvents } from './open-events.ts'
import { readOrMakeSecret } from './private-secret.ts'
import { openRequestScope, type RequestScope } from './request-scope.ts'
import { prepareStateDirectory } from './state-directory.ts'
import { hasOthersJobs, type StatePaths, statePaths } from './state-paths.ts'
import { toldAudit } from './told-work.ts'
import { version } from './version.ts'
import { webSettingsOf } from './web-settings.ts'

/** The world outside, as far as a hub as such has to do with it. */
export interface Host {
  now(): number
  readonly log: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  /** End this program in order, as a signal would: somebody asked for it through the API. */
  stop(): void
  /** Called once, when all is loaded and before anything is adopted or can be asked: what stops the program for long hurts nobody now. */
  onLoaded?(): void
}

/** What every room of a hub stands on. */
export interface Ground extends Pick<Host, 'now' | 'log' | 'environment'> {
  readonly config: Config
  /** Milliseconds of a clock that only goes forward. */
  clock(): number
  /** Call `run` every `ms` until the returned function is called. */
  every(ms: number, run: () => void): () => void
  random(bytes: number): Buffer
  /** Unpredictable text. */
  nonce(): string
  readonly paths: StatePaths
  readonly keys: HubKeys
  /** Where the gateway is, and what pages say of it. */
  readonly settings: WebSettings
  readonly figures: Figures
  readonly stores: Stores
  readonly requests: RequestScope
  readonly events: HubEvents
  readonly audit: Audit
  readonly proxy: ControlClient
  readonly commands: CommandHelper
  readonly names: NameService
  /** Whoever opens something leaves here how it is closed. */
  readonly closing: AsyncDisposableStack
}

function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms)
  return () => clearInterval(timer)
}

/** @throws {Error} if another hub has this state directory, or it cannot be used. */
export async function openGround(config: Config, host: Host, closing: AsyncDisposableStack): Promise<Ground> {
  const { log, now, environment } = host
  const paths = statePaths(config)
  prepareStateDirectory(config.stateDirectory, hasOthersJobs(config))
  // Before anything is adopted: two hubs must not order about the same jobs, not even for a moment.
  if (await isAnswered(paths.hubSocket.slice('unix:'.length))) {
    throw new Error(`another hub answers at ${paths.hubSocket}`)
  }
  const keys = hubKeys(readOrMakeSecret(paths.hubKey))
  // No secret; Node keeps random bytes for these in store, which others are drawn from the system for.
  const requests = openRequestScope(() => randomUUID().replaceAll('-', '').slice(0, 16))
  const figures = openFigures(metricsPrefix(environment))
  const stores = closing.use(await openStores(paths.database, now, { onStatement: figures.timings.statement }))
  const events = closing.use(
    openHubEvents({
      config,
      positionFile: paths.eventPosition,
      store: stores.sessions,
      request: requests.current,
      log,
      now,
      every,
    }),
  )
  const audit = toldAudit(openAudit({ store: stores.audit, now, log }), events.emit, now)
  await audit({ actor: 'system', action: 'config-loaded', way: 'config', detail: `version ${version}` })
  const proxy = closing.use(
    openControlClient({ address: paths.proxyControl, token: readOrMakeSecret(paths.proxyToken) }),
  )
  const commands = closing.use(openCommandHelper())
  return {
    ...{ config, log, now, environment, closing, paths, keys, requests, figures },
    ...{ stores, events, audit, proxy, commands, every },
    clock: () => performance.now(),
    random: (bytes) => randomBytes(bytes),
    nonce: () => randomBytes(16).toString('hex'),
    settings: webSettingsOf(config, keys.xsrf),
    names: openNameService(commands.run),
  }
}

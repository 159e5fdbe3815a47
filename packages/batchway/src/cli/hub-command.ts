import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import type { Command } from 'commander'
import { assemble } from '../app/assemble.ts'
import { jsonLogger } from '../app/json-logger.ts'
import type { Config } from '../core/config.ts'
import type { Logger } from '../core/logger.ts'
import { changedKeys } from './changed-keys.ts'
import { giveBackWhenLarge, keepHeapSmall, letGoOfStart } from './hub-memory.ts'
import { configOption, loadSite } from './load-site.ts'

/** Runs the hub in the foreground until SIGTERM or SIGINT. Running jobs are left alone: the next hub adopts them. */
async function runHub({ config, logLevel }: { config?: string; logLevel: string }): Promise<void> {
  keepHeapSmall()
  const log = jsonLogger(logLevel, 'hub')
  // Whoever read our output may go away (a shell, a supervisor); the hub must not go with it.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const asked = Promise.withResolvers<string>()
  const site = await loadSite(config)
  await using hub = await assemble(site, {
    now: Date.now,
    log,
    environment: process.env,
    stop: () => asked.resolve('API'),
    onLoaded() {
      // Else written at the end of the process, which a killed one does not see.
      flushCompileCache()
      letGoOfStart()
    },
  })
  // What rotates logs says so. At a terminal it means that the terminal is gone, and the hub ends.
  if (!process.stdout.isTTY)
    process.on('SIGHUP', () => {
      hub.reopen()
      void tellChanged(config, site.config, log)
    })
  process.stdout.write(`${JSON.stringify({ msg: 'listening', listen: hub.addresses, pid: process.pid })}\n`)
  giveBackWhenLarge()
  // A second signal of the same kind kills at once, since `once` has removed its listener.
  const signals = ['SIGTERM', 'SIGINT'].map((name) => once(process, name).then(() => name))
  const signal = await Promise.race([...signals, asked.promise])
  log.info({ signal }, 'stopping')
}

/** Whoever sends SIGHUP may think that the configuration is read: say what waits for a restart. */
async function tellChanged(file: string | undefined, before: Config, log: Logger): Promise<void> {
  try {
    const { config } = await loadSite(file)
    const changed = changedKeys(before, config)
    if (changed.length > 0)
      log.warn({ changed }, 'the configuration has other values: they wait for a restart of the hub')
  } catch (error) {
    log.warn({ error: error instanceof Error ? error.message : String(error) }, 'the configuration cannot be read now')
  }
}

export function addHubCommand(program: Command): void {
  program
    .command('hub')
    .description('run the hub alone, in the foreground')
    .option(...configOption)
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action(runHub)
}

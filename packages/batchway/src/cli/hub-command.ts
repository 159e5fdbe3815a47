import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import type { Command } from 'commander'
import { assemble } from '../app/assemble.ts'
import { jsonLogger } from '../app/json-logger.ts'
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
  await using hub = await assemble(await loadSite(config), {
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
  if (!process.stdout.isTTY) process.on('SIGHUP', hub.reopen)
  process.stdout.write(`${JSON.stringify({ msg: 'listening', listen: hub.addresses, pid: process.pid })}\n`)
  giveBackWhenLarge()
  // A second signal of the same kind kills at once, since `once` has removed its listener.
  const signals = ['SIGTERM', 'SIGINT'].map((name) => once(process, name).then(() => name))
  const signal = await Promise.race([...signals, asked.promise])
  log.info({ signal }, 'stopping')
}

export function addHubCommand(program: Command): void {
  program
    .command('hub')
    .description('run the hub alone, in the foreground')
    .option(...configOption)
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action(runHub)
}

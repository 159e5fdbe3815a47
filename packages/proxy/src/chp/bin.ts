#!/usr/bin/env node
/**
 * The command `batchway-chp`: the proxy in configurable-http-proxy's place, under whatever name it is called. The only file of this
 * folder that touches argv, the environment, signals and exit codes.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { watchFiles } from '../certificate-files.ts'
import { endSignal } from '../end-signal.ts'
import { takeInherited } from '../inherited.ts'
import { errorWords, jsonLog } from '../log.ts'
import { type ChpSettings, readChpCommandLine } from './command-line.ts'
import { chpHelp } from './option-table.ts'
import { startChp } from './start.ts'

/** As there: whoever waits for us learns that a signal has ended us. */
const afterSignal = 2

async function main(settings: ChpSettings): Promise<void> {
  const log = jsonLog((text) => process.stdout.write(text), Date.now, settings.logLevel)
  // Whoever read our output may go away (a restarted hub or shell); the proxy must not go with it.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  for (const remark of settings.remarks) log.warn({}, remark)
  const inherited = takeInherited(process.env, process.pid)
  const running = await startChp(settings, { token: takeToken(), ...takePassphrases() }, log, inherited)
  const renew = (): void => {
    try {
      running.renew()
      log.info({}, 'certificates are read again, and the access log is opened anew')
    } catch (error) {
      log.error({ cause: errorWords(error) }, 'certificates stay as they were')
    }
  }
  using _watch = running.files.length === 0 ? null : watchFiles(running.files, renew)
  // On a terminal it means that the terminal is gone.
  if (!process.stdout.isTTY) process.on('SIGHUP', renew)
  const { pidFile, drainMs } = settings
  if (pidFile !== null) {
    writeFileSync(pidFile, String(process.pid))
    process.on('exit', () => rmSync(pidFile, { force: true }))
  }
  const { listen, control, metrics } = running.proxy
  // Written at any log level: who started us may wait for this line.
  process.stdout.write(
    `${JSON.stringify({ msg: 'listening', listen, control, metrics, redirect: running.redirect, pid: process.pid })}\n`,
  )
  const signal = await endSignal()
  log.info({ signal, drainMs }, 'stopping')
  await running.stop(drainMs)
  process.exit(afterSignal)
}

function take(name: string): string | undefined {
  const value = process.env[name]
  delete process.env[name]
  return value
}

const takePassphrases = () => ({
  passphrase: take('CONFIGPROXY_SSL_KEY_PASSPHRASE'),
  apiPassphrase: take('CONFIGPROXY_API_SSL_KEY_PASSPHRASE'),
})

/** Without a token anyone on the machine could send browsers anywhere, so there is no start without one. */
function takeToken(): string {
  const token = take('CONFIGPROXY_AUTH_TOKEN')
  if (!token)
    throw new Error('no token: set CONFIGPROXY_AUTH_TOKEN, here and for the hub (openssl rand -hex 32 makes one)')
  if (/\s/.test(token)) throw new Error('CONFIGPROXY_AUTH_TOKEN must not contain blanks')
  return token
}

function version(): string {
  const { version: own }: { readonly version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return own
}

try {
  const settings = readChpCommandLine(process.argv.slice(2))
  if (settings === 'help') process.stdout.write(chpHelp())
  else if (settings === 'version') process.stdout.write(`${version()}\n`)
  else await main(settings)
} catch (error) {
  process.stderr.write(`error: ${errorWords(error)}\n`)
  process.exit(1)
}

#!/usr/bin/env node
/** The command `batchway-proxy`: the only file here that touches argv, the environment, signals and exit codes. */
import { once } from 'node:events'
import { errorWords, jsonLog } from './log.ts'
import { type CommandLine, helpText, parseCommandLine } from './options.ts'
import { readSecretFile } from './private-file.ts'
import { startProxy } from './proxy.ts'

async function main(line: CommandLine): Promise<void> {
  const log = jsonLog((text) => process.stdout.write(text), Date.now, line.logLevel)
  // Whoever read our output may go away (a restarted hub or shell); the proxy must not go with it.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const { snapshot, defaultTarget, frontSecretFile, identity, hosts, accessLog, ...options } = line
  const proxy = await startProxy({
    ...options,
    token: await readToken(line),
    ...(snapshot !== null && { snapshot }),
    ...(defaultTarget !== null && { defaultTarget }),
    ...(frontSecretFile !== null && { frontSecret: await readSecretFile(frontSecretFile) }),
    ...(identity !== null && { identity }),
    ...(hosts !== null && { hosts }),
    ...(accessLog !== null && { accessLog }),
    log,
  })
  // On a terminal it means that the terminal is gone.
  if (!process.stdout.isTTY) process.on('SIGHUP', proxy.reopenAccessLog)
  // Written at any log level: who started us waits for this line.
  process.stdout.write(
    `${JSON.stringify({ msg: 'listening', listen: proxy.listen, control: proxy.control, pid: process.pid })}\n`,
  )
  // A second signal of the same kind kills at once, since `once` has removed its listener.
  const signal = await Promise.race(['SIGTERM', 'SIGINT'].map((name) => once(process, name).then(() => name)))
  log.info({ signal, drainMs: line.drainMs }, 'stopping')
  await proxy.stop(line.drainMs)
  log.info({}, 'stopped')
}

/** Without a token anyone on the machine could send browsers anywhere, so there is no start without one. */
async function readToken({ controlTokenFile }: CommandLine): Promise<string> {
  const token = controlTokenFile === null ? process.env.CONFIGPROXY_AUTH_TOKEN : await readSecretFile(controlTokenFile)
  delete process.env.CONFIGPROXY_AUTH_TOKEN
  if (!token) throw new Error('no control token: set CONFIGPROXY_AUTH_TOKEN or give --control-token-file')
  if (/\s/.test(token)) throw new Error('the control token must not contain blanks')
  return token
}

try {
  const line = parseCommandLine(process.argv.slice(2))
  if (line.help) process.stdout.write(helpText())
  else await main(line)
} catch (error) {
  process.stderr.write(`batchway-proxy: ${errorWords(error)}\n`)
  process.exitCode = 1
}

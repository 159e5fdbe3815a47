#!/usr/bin/env node
/** The command `batchway-proxy`: the only file here that touches argv, the environment, signals and exit codes. */
import { readCertificate, validUntil, watchFiles } from './certificate-files.ts'
import { endSignal } from './end-signal.ts'
import { takeInherited } from './inherited.ts'
import { errorWords, jsonLog, type Log } from './log.ts'
import { type CommandLine, helpText, parseCommandLine } from './options.ts'
import { readSecretFile } from './private-file.ts'
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy.ts'

async function main(line: CommandLine): Promise<void> {
  const log = jsonLog((text) => process.stdout.write(text), Date.now, line.logLevel)
  // Whoever read our output may go away (a restarted hub or shell); the proxy must not go with it.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const { snapshot, defaultTarget, frontSecretFile, identity, hosts, accessLog, metrics, tls, ...options } = line
  const proxy = await startProxy({
    ...options,
    inherited: takeInherited(process.env, process.pid),
    ...places(line, log),
    token: await readToken(line),
    ...(snapshot !== null && { snapshot }),
    ...(defaultTarget !== null && { defaultTarget }),
    ...(frontSecretFile !== null && { frontSecret: await readSecretFile(frontSecretFile) }),
    ...(identity !== null && { identity }),
    ...(hosts !== null && { hosts }),
    ...(accessLog !== null && { accessLog }),
    ...(metrics !== null && { metrics }),
    log,
  })
  using _watch = tls === null ? null : watchFiles([tls.certificate, tls.key], () => renewTls(proxy, line, log))
  // On a terminal it means that the terminal is gone.
  if (!process.stdout.isTTY)
    process.on('SIGHUP', () => {
      proxy.reopenAccessLog()
      if (tls !== null) renewTls(proxy, line, log)
      log.info({}, 'access log and certificate are read anew; all else is as the command line said at the start')
    })
  // Written at any log level: who started us waits for this line.
  const { listen, control } = proxy
  process.stdout.write(
    `${JSON.stringify({ msg: 'listening', listen, control, metrics: proxy.metrics, pid: process.pid })}\n`,
  )
  const signal = await endSignal()
  log.info({ signal, drainMs: line.drainMs }, 'stopping')
  await proxy.stop(line.drainMs)
  log.info({}, 'stopped')
}

/** The listeners, with the certificate as it is in its files now. @throws {Error} with words. */
function places({ listen, control, tls }: CommandLine, log: Log): Pick<ProxyOptions, 'listen' | 'control'> {
  if (tls === null) return { listen, control }
  const read = readCertificate(tls)
  log.info({ file: tls.certificate, validUntil: validUntil(read.cert) }, 'certificate read')
  return { control, listen: listen.map((address) => (isUnix(address) ? address : { address, tls: read })) }
}

const isUnix = (address: string): boolean => address.startsWith('unix:')

function renewTls(proxy: RunningProxy, line: CommandLine, log: Log): void {
  try {
    proxy.renewTls(places(line, log))
  } catch (error) {
    log.error({ cause: errorWords(error) }, 'certificate stays as it was')
  }
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

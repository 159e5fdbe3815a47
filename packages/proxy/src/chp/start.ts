import { readFileSync } from 'node:fs'
import type { TlsOptions } from 'node:tls'
import type { Address } from '../address.ts'
import { checkTls } from '../certificate-files.ts'
import { listen } from '../listen.ts'
import type { Log } from '../log.ts'
import { openManner } from '../manner.ts'
import { type ProxyOptions, type RunningProxy, startProxy } from '../proxy.ts'
import type { CertificateTls, TargetRules } from '../route.ts'
import { pagesOfFolder, pagesOfServer } from '../site-pages.ts'
import type { ChpSettings, ServerTlsFiles, TlsFiles } from './command-line.ts'
import { redirectServer } from './redirect.ts'

export interface ChpSecrets {
  readonly token: string
  readonly passphrase: string | undefined
  readonly apiPassphrase: string | undefined
}

export interface RunningChp {
  readonly proxy: RunningProxy
  /** Where plain HTTP is sent on; null: nowhere. */
  readonly redirect: string | null
  /** Certificates and keys, of the listeners and ours for targets: whoever replaces them wants {@link renew}. */
  readonly files: readonly string[]
  /** Read certificates and keys again, and open the access log anew. @throws {Error} with words; then certificates are as before. */
  renew(): void
  stop(drainMs: number): Promise<void>
}

/** Start the proxy in configurable-http-proxy's place. @throws {Error} with words for the person at the terminal. */
export async function startChp(
  settings: ChpSettings,
  secrets: ChpSecrets,
  log: Log,
  inherited: readonly number[] = [],
): Promise<RunningChp> {
  const { redirect } = settings
  let ours = readClientTls(settings)
  const proxy = await startProxy({ ...proxyOptions(settings, secrets, log, () => ours), inherited, log })
  const renew = (): void => {
    proxy.reopenAccessLog()
    const next = readClientTls(settings)
    proxy.renewTls(listeners(settings, secrets))
    ours = next
  }
  const files = [settings.tls, settings.apiTls, settings.clientTls].flatMap((side) =>
    side === null ? [] : filesOf(side),
  )
  if (redirect === null) return { proxy, redirect: null, files, renew, stop: (drainMs) => proxy.stop(drainMs) }
  const server = redirectServer(redirect.to)
  try {
    // Every interface, as there: whoever is sent on has come to the wrong port anyway.
    const at = await listen(server, { kind: 'tcp', host: '', port: redirect.port }, 0o660)
    const stop = async (drainMs: number): Promise<void> => {
      server.close()
      server.closeAllConnections()
      await proxy.stop(drainMs)
    }
    return { proxy, redirect: at, files, renew, stop }
  } catch (error) {
    await proxy.stop(0)
    throw error
  }
}

const filesOf = ({ key, cert, ca }: TlsFiles): string[] => [key, cert, ca].filter((file) => file !== null)

/** Both sides, with certificates and keys as they are in their files now. @throws {Error} naming the option whose file cannot be read. */
function listeners(settings: ChpSettings, secrets: ChpSecrets): Pick<ProxyOptions, 'listen' | 'control'> {
  const side = (files: ServerTlsFiles | null, name: string, address: Address, passphrase: string | undefined) =>
    files === null ? address : { address, tls: serverTls(files, name, settings, passphrase) }
  return {
    listen: [side(settings.tls, 'ssl', settings.listen, secrets.passphrase)],
    control: side(settings.apiTls, 'api-ssl', settings.api, secrets.apiPassphrase),
  }
}

/** @param certificates of ours for targets, as they are now. @throws {Error} naming the option whose file cannot be read. */
export function proxyOptions(
  settings: ChpSettings,
  secrets: ChpSecrets,
  log: Log,
  certificates: () => CertificateTls,
): ProxyOptions {
  const { timeoutMs, proxyTimeoutMs, snapshot, defaultTarget, metrics, errorTarget, errorPath, accessLog } = settings
  const rules: TargetRules = { certificates }
  return {
    ...listeners(settings, secrets),
    ...(accessLog !== null && { accessLog }),
    token: secrets.token,
    manner: openManner(settings.manner),
    targetRules: rules,
    trustedFronts: settings.trustedFronts,
    keepAliveMs: settings.keepAliveMs,
    ...(metrics !== null && { metrics }),
    ...(snapshot !== null && { snapshot }),
    ...(defaultTarget !== null && { routes: { '/': { target: defaultTarget } } }),
    ...(timeoutMs !== null && { idleMs: timeoutMs }),
    ...(proxyTimeoutMs !== null && { targetIdleMs: proxyTimeoutMs }),
    ...(errorTarget !== null && { sitePages: pagesOfServer(errorTarget, rules, log) }),
    ...(errorPath !== null && { sitePages: pagesOfFolder(errorPath, log, Date.now) }),
  }
}

function serverTls(
  { key, cert, ca, isCertificateAsked, isRejected }: ServerTlsFiles,
  name: string,
  { ciphers, versions, dhparam }: ChpSettings,
  passphrase: string | undefined,
): TlsOptions {
  return {
    ...read(name, { key, cert, ca }),
    ...versions,
    ciphers,
    honorCipherOrder: true,
    requestCert: isCertificateAsked,
    rejectUnauthorized: isRejected,
    ...(passphrase !== undefined && passphrase !== '' && { passphrase }),
    ...(dhparam !== null && { dhparam: readOption('ssl-dhparam', dhparam) }),
  }
}

/** Ours for targets, as they are in their files now. @throws {Error} if they cannot be used. */
export function readClientTls({ clientTls, isInsecure }: ChpSettings): CertificateTls {
  const tls = { ...read('client-ssl', clientTls), rejectUnauthorized: !isInsecure }
  checkTls(tls)
  return tls
}

const read = (name: string, files: TlsFiles): Pick<TlsOptions, 'key' | 'cert' | 'ca'> =>
  Object.fromEntries(
    (['key', 'cert', 'ca'] as const).flatMap((part) => {
      const file = files[part]
      return file === null ? [] : [[part, readOption(`${name}-${part}`, file)]]
    }),
  )

function readOption(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`--${name}: ${cause instanceof Error ? cause.message : file}`, { cause })
  }
}

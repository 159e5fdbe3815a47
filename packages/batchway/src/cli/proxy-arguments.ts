/** How the proxy is started for a configuration. */
import { fileURLToPath } from 'node:url'
import { hubTarget, statePaths } from '../app/state-paths.ts'
import { applicationPlaces } from '../core/application-hosts.ts'
import { basePathOf, type Config } from '../core/config.ts'
import { findHeaderSignIn, identityHeadersOf } from '../core/header-sign-in.ts'

/** The proxy's program: TypeScript in a checkout, JavaScript when built. */
export function proxyProgram(): string {
  const index = fileURLToPath(import.meta.resolve('@batchway/proxy'))
  return index.replace(/index(\.[jt]s)$/, 'bin$1')
}

/** argv of the proxy. The token goes by file; nothing in it is secret. */
export function proxyArguments(config: Config): string[] {
  const paths = statePaths(config)
  const { tls, metrics } = config.proxy
  return [
    ...config.listen.map((address) => `--listen=${address}`),
    ...(tls === undefined ? [] : [`--tls-certificate=${tls.certificateFile}`, `--tls-key=${tls.keyFile}`]),
    ...(metrics === undefined ? [] : [`--metrics=${metrics}`]),
    `--control=${paths.proxyControl}`,
    `--control-token-file=${paths.proxyToken}`,
    `--snapshot=${paths.proxySnapshot}`,
    `--default-target=${hubTarget(paths)}`,
    `--base-path=${basePathOf(config)}`,
    ...hostArguments(config),
    ...config.proxy.trustedFronts.map((front) => `--trusted-front=${front}`),
    ...(config.proxy.frontSecretFile === undefined ? [] : [`--front-secret-file=${config.proxy.frontSecretFile}`]),
    ...identityArguments(config),
    ...(config.proxy.accessLog === undefined ? [] : [`--access-log=${config.proxy.accessLog}`]),
  ]
}

/** Routing by host and path, where applications have hosts of their own. */
function hostArguments(config: Config): string[] {
  const { domain } = applicationPlaces(config)
  return domain === null ? [] : [`--hub-origin=${new URL(config.url).origin}`, `--application-domain=${domain}`]
}

function identityArguments({ signIn, proxy }: Config): string[] {
  const header = findHeaderSignIn(signIn)
  if (header === null) return []
  const { user, data } = identityHeadersOf(header)
  return [
    `--user-header=${user}`,
    ...(data === null ? [] : [`--user-data-header=${data}`]),
    ...(proxy.trustAddressAlone ? ['--trust-address-alone'] : []),
  ]
}

/** What a proxy that was started with `before` would have to be started anew for. @returns options, e.g. `--listen`; none: nothing. */
export function changedOptions(before: readonly string[], now: readonly string[]): readonly string[] {
  const changed = [...before.filter((each) => !now.includes(each)), ...now.filter((each) => !before.includes(each))]
  const isReordered = changed.length === 0 && before.some((each, at) => each !== now[at])
  return [...new Set((isReordered ? now : changed).map((each) => each.replace(/=.*$/s, '')))]
}

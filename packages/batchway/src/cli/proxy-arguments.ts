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
  return [
    ...config.listen.map((address) => `--listen=${address}`),
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

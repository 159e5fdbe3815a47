/** What a hub needs of this package: without the proxy itself, which a hub would have in its memory for nothing. */
export { type Address, formatAddress, parseAddress } from './address.ts'
export {
  type ControlClient,
  type ControlClientOptions,
  openControlClient,
  ProxyRefused,
  ProxyUnavailable,
} from './control-client.ts'
export { secretHeader } from './front.ts'
export { checkIdentityHeaders, type IdentityHeaders } from './front-identity.ts'
export { type Hosts, parseHosts } from './hosts.ts'
export { handOver, takeInherited } from './inherited.ts'
export { listenProblem } from './listen-problem.ts'
export { toRoutePath } from './request-path.ts'
export type { Revoked } from './revocations.ts'
export { keyFingerprint, type Psk, type Route, type RouteView } from './route.ts'
export type { RouteOptions } from './route-options.ts'
export { trustedFronts } from './trusted-fronts.ts'

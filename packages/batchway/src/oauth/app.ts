import { Hono } from 'hono'
import { forwardedAddress, peerAddress } from '../core/client-address.ts'
import { mountAuthorize } from './authorize.ts'
import type { OAuthDeps } from './deps.ts'
import { mountToken } from './token.ts'

/** OAuth for applications: browsers reach both halves, compute nodes only the token endpoint (the internal listener has no pages). */
export function mountOAuth(deps: OAuthDeps): { readonly publicOAuth: Hono; readonly internalOAuth: Hono } {
  const publicOAuth = new Hono()
  mountAuthorize(publicOAuth, deps)
  mountToken(publicOAuth, deps, (c) => forwardedAddress(c.req.raw.headers))
  const internalOAuth = new Hono()
  mountToken(internalOAuth, deps, (c) => peerAddress(c.env))
  return { publicOAuth, internalOAuth }
}

import { Hono } from 'hono'
import { mountAuthorize } from './authorize.ts'
import type { OAuthDeps } from './deps.ts'
import { mountToken } from './token.ts'

/** OAuth for applications: browsers reach both halves, compute nodes only the token endpoint (the internal listener has no pages). */
export function mountOAuth(deps: OAuthDeps): { readonly publicOAuth: Hono; readonly internalOAuth: Hono } {
  const publicOAuth = new Hono()
  mountAuthorize(publicOAuth, deps)
  mountToken(publicOAuth, deps)
  const internalOAuth = new Hono()
  mountToken(internalOAuth, deps)
  return { publicOAuth, internalOAuth }
}

import { createHmac } from 'node:crypto'
import { type Credentials, deriveCredentials } from '../sessions/credentials.ts'
import { siteIdOf } from '../sessions/site-id.ts'

export interface HubKeys {
  /** Tells this gateway from others; no secret. */
  readonly siteId: string
  /** What jobs are given. */
  readonly credentials: Credentials
  /** For form tokens. */
  readonly xsrf: string
  /** For what ways to sign in keep. */
  readonly keptSignIns: Buffer
  /** For what browsers keep while they are at a provider. */
  readonly signInStart: Buffer
}

/** All that follows from the hub's one secret: another purpose, another key. @param secret in hexadecimal digits. */
export function hubKeys(secret: string): HubKeys {
  const key = Buffer.from(secret, 'hex')
  const derive = (purpose: string): string => createHmac('sha256', key).update(purpose).digest('hex')
  return {
    siteId: siteIdOf(key),
    credentials: deriveCredentials(key),
    xsrf: derive('xsrf'),
    keptSignIns: Buffer.from(derive('kept sign-ins'), 'hex'),
    signInStart: Buffer.from(derive('sign-in start'), 'hex'),
  }
}

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Clock } from './clock.ts'
import { holdsScope } from './gate-rules.ts'
import { type HubClient, HubUnreachable } from './hub-client.ts'

/** How long the hub's word about a visitor holds before it is asked again. */
const freshMs = 5 * 60_000
/** While the hub is away a visitor may go on for this long after its last word. */
const awayMs = 60 * 60_000
/** Between two tries while it is away. */
const retryMs = 15_000
const maxVisitors = 1_000

/** What the hub says about a token. `denied`: known, but without access. */
export type Verdict = 'allowed' | 'denied' | 'unknown-token' | 'unreachable'

export interface Visitor {
  /** SHA-256 of the token. It begins the cookie, by which the proxy knows it when the token is revoked. */
  readonly id: string
  readonly user: string
  readonly token: string
  /** Open WebSockets: cut when access is withdrawn. */
  readonly sockets: Set<Duplex>
  checkedAt: number
  triedAt: number
}

/** Visitors whom the hub has let in. Their tokens stay in this process; a cookie holds the token's digest, the user name and a signature. */
export interface Visitors {
  /** Ask the hub who holds a token, and admit him if he may enter. */
  admit(token: string): Promise<{ readonly verdict: Verdict; readonly cookie: string | null }>
  /** The visitor of a cookie, asked about again when the last word is old. */
  find(cookie: string | undefined): Promise<Visitor | null>
  forget(visitor: Visitor): void
  /** Ask again about visitors with open connections. */
  recheck(): Promise<void>
}

export function openVisitors(hub: HubClient, accessScopes: readonly string[], clock: Pick<Clock, 'now'>): Visitors {
  const key = randomBytes(32)
  const visitors = new Map<string, Visitor>()
  const asking = new Map<string, Promise<boolean>>()
  const sign = (id: string, user: string) => createHmac('sha256', key).update(`${id}.${user}`).digest('base64url')

  const ask = async (token: string): Promise<{ verdict: Verdict; user: string }> => {
    try {
      const { status, body } = await hub.get('/user', token)
      if (status >= 500 || status === 429) return { verdict: 'unreachable', user: '' }
      const { name, scopes } = (body ?? {}) as { name?: unknown; scopes?: unknown }
      if (status !== 200 || typeof name !== 'string' || !Array.isArray(scopes))
        return { verdict: 'unknown-token', user: '' }
      const held = scopes.filter((scope) => typeof scope === 'string')
      return { verdict: holdsScope(held, accessScopes) ? 'allowed' : 'denied', user: name }
    } catch (error) {
      if (error instanceof HubUnreachable) return { verdict: 'unreachable', user: '' }
      throw error
    }
  }

  const forget = (visitor: Visitor): void => {
    visitors.delete(visitor.id)
    for (const socket of visitor.sockets) socket.destroy()
  }

  const isStillAllowed = async (visitor: Visitor): Promise<boolean> => {
    const now = clock.now()
    if (now - visitor.checkedAt < freshMs) return true
    if (now - visitor.triedAt < retryMs) return now - visitor.checkedAt < awayMs
    visitor.triedAt = now
    const { verdict, user } = await ask(visitor.token)
    if (verdict === 'allowed' && user === visitor.user) {
      visitor.checkedAt = clock.now()
      return true
    }
    if (verdict === 'unreachable' && clock.now() - visitor.checkedAt < awayMs) return true
    forget(visitor)
    return false
  }
  /** One question at a time per visitor, however many requests wait for the answer. */
  const check = (visitor: Visitor): Promise<boolean> => {
    const running = asking.get(visitor.id) ?? isStillAllowed(visitor).finally(() => asking.delete(visitor.id))
    asking.set(visitor.id, running)
    return running
  }

  return {
    admit: async (token) => {
      const { verdict, user } = await ask(token)
      if (verdict !== 'allowed') return { verdict, cookie: null }
      const id = createHash('sha256').update(token).digest('hex')
      const now = clock.now()
      const known = visitors.get(id)
      if (known) known.checkedAt = now
      else visitors.set(id, { id, user, token, sockets: new Set(), checkedAt: now, triedAt: now })
      const oldest = visitors.values().next().value
      if (visitors.size > maxVisitors && oldest) forget(oldest)
      return { verdict, cookie: `${id}.${Buffer.from(user).toString('base64url')}.${sign(id, user)}` }
    },
    find: async (cookie) => {
      const [id = '', name = '', signature = ''] = (cookie ?? '').split('.')
      const user = Buffer.from(name, 'base64url').toString()
      const wanted = Buffer.from(sign(id, user))
      const given = Buffer.from(signature)
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null
      const visitor = visitors.get(id)
      return visitor?.user === user && (await check(visitor)) ? visitor : null
    },
    forget,
    recheck: async () => {
      await Promise.all([...visitors.values()].filter((visitor) => visitor.sockets.size > 0).map(check))
    },
  }
}

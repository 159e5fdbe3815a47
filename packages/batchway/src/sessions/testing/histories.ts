/** What a bench's stores have kept of sessions, as `replay` wants it. */
import assert from 'node:assert/strict'
import type { History } from '../model/replay.ts'
import type { Bench } from './bench.ts'

export async function historyOf({ stores }: Pick<Bench, 'stores'>, sessionId: string): Promise<History> {
  const session = await stores.sessions.find(sessionId)
  assert.ok(session, `no session ${sessionId}`)
  const [events, claims] = [await stores.sessions.listEvents(sessionId), await stores.sessions.listClaims(sessionId)]
  return { session, events, claims }
}

/** The hub's work, with somebody beside it who tells what happened: what it does is the same. */
import { BatchwayError } from '../core/errors.ts'
import type { Emit } from '../events/event-table.ts'
import { type Audit, toAuditEntry } from '../people/audit.ts'
import type { User } from '../people/people.ts'
import { InvalidChoices } from '../profiles/launch-model.ts'
import type { RouteKeeper } from '../sessions/route-keeper.ts'
import type { Sessions } from '../sessions/sessions.ts'

/** Every entry of the audit log is an event; the end of a session is told with its figures already. */
export const toldAudit =
  (audit: Audit, emit: Emit, now: () => number): Audit =>
  async (input) => {
    await audit(input)
    const { action, actor, object, address, way, outcome: result, detail } = toAuditEntry(input, now())
    if (input.action !== 'session-end' && action === input.action)
      emit(`audit.${input.action}`, { actor, object, address, way, result, detail })
  }

/** Words of a refusal are for the user; of anything else only the log has the details. */
function refusalOf(error: unknown): { code: string; words: string | null } {
  if (error instanceof BatchwayError) return { code: error.code, words: error.message }
  if (error instanceof InvalidChoices) return { code: 'invalid_choice', words: error.message }
  return { code: 'internal', words: null }
}

export const toldStart =
  (start: Sessions['start'], emit: Emit): Sessions['start'] =>
  async (owner, serverName, spec) => {
    try {
      return await start(owner, serverName, spec)
    } catch (error) {
      emit('session.refused', { user: owner.name, server: serverName, ...refusalOf(error) })
      throw error
    }
  }

export const toldChoice =
  <U extends Pick<User, 'name'>, G, S>(choose: (user: U, given: G) => Promise<S>, emit: Emit) =>
  async (user: U, given: G): Promise<S> => {
    try {
      return await choose(user, given)
    } catch (error) {
      emit('session.refused', { user: user.name, server: null, ...refusalOf(error) })
      throw error
    }
  }

export function toldRoutes(routes: RouteKeeper, emit: Emit, now: () => number): RouteKeeper {
  let silentSince: number | null = null
  return {
    ...routes,
    async mend() {
      try {
        const count = await routes.mend()
        if (silentSince !== null) emit('proxy.back', { silent_seconds: (now() - silentSince) / 1_000 })
        silentSince = null
        if (count > 0) emit('routes.mended', { count })
        return count
      } catch (error) {
        if (silentSince === null) {
          silentSince = now()
          emit('proxy.silent', { since: silentSince, words: String(error) })
        }
        throw error
      }
    },
  }
}

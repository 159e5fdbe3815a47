/** Requests that others should hear of: those that met a fault, and those that would have changed something and were refused. */
import type { Metrics } from '../api/metrics.ts'
import type { Emit } from '../events/event-table.ts'

const changing: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const methods: ReadonlySet<string> = new Set([...changing, 'GET', 'HEAD', 'OPTIONS'])
/** What is refused for what somebody is or asked; agents that come early or late are none of it. */
const refused: ReadonlySet<number> = new Set([400, 401, 403, 409, 422, 429])
const nameOf = (method: string, status: number) =>
  status >= 500 ? 'request.failed' : changing.has(method) && refused.has(status) ? 'request.refused' : null

/** Anybody may send requests that are refused: the log of a site is not theirs to fill. */
const windowMs = 10_000

export interface ToldRequests extends Disposable {
  readonly observe: Metrics['observeRequest']
}

/** One event for the first of its kind, then one for all that came within ten seconds. */
export function openToldRequests(emit: Emit, every: (ms: number, run: () => void) => () => void): ToldRequests {
  const kinds = new Map<string, { untold: number; tell(count: number): void }>()
  const tellRest = (): void => {
    for (const [key, kind] of kinds) {
      if (kind.untold === 0) kinds.delete(key)
      else kind.tell(kind.untold)
      kind.untold = 0
    }
  }
  const stop = every(windowMs, tellRest)
  return {
    observe({ method, handler, status }) {
      const name = nameOf(method, status)
      if (name === null) return
      const known = methods.has(method) ? method : 'other'
      const key = `${known} ${handler} ${status}`
      const kind = kinds.get(key)
      if (kind !== undefined) {
        kind.untold += 1
        return
      }
      const tell = (count: number): void => emit(name, { method: known, handler, status, count })
      kinds.set(key, { untold: 0, tell })
      tell(1)
    },
    [Symbol.dispose]() {
      stop()
      tellRest()
    },
  }
}

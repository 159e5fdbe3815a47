/** Which request is being answered: so that what happens in its course can be told with its id. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Hono } from 'hono'

export interface RequestScope {
  /** Of the request in whose course this is called, also in work that goes on after its answer; null outside. */
  current(): string | null
  /** The same app; each of its requests gets an id. */
  around(app: Pick<Hono, 'fetch'>): Pick<Hono, 'fetch'>
}

export function openRequestScope(newId: () => string): RequestScope {
  const scope = new AsyncLocalStorage<string>()
  return {
    current: () => scope.getStore() ?? null,
    around: (app) => ({ fetch: (...given) => scope.run(newId(), () => app.fetch(...given)) }),
  }
}

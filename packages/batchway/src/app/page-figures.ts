import type { Metrics } from '../api/metrics.ts'
import { pageKind } from '../web/page-kinds.ts'
import type { PublicParts } from './join-public.ts'

/** Answers of pages become figures. @param hub the hub's path with both slashes. */
export const pageFigures =
  (hub: string, { observeRequest, timings }: Pick<Metrics, 'observeRequest' | 'timings'>): PublicParts['onPage'] =>
  ({ method, path, status, ms }) => {
    const { handler, event } = pageKind(hub, method, path)
    observeRequest({ method, handler, status, ms })
    // Who is let in is sent on; whatever else is answered lets nobody in.
    if (event === 'sign-in') timings.signIn(status >= 300 && status < 400, ms)
    if (event === 'sign-out') timings.signOut(ms)
    if (event === 'csp-report' && status === 200) timings.cspReport()
  }

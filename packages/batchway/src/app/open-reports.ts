/** Reports for the pages: one thread at a time makes them, and the last ones are kept for a moment, for whoever sorts and turns pages. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Report, ReportQuery } from '../report/report.ts'
import type { Reports } from '../web/report-page.ts'
import type { ReportOrder } from './report-worker.ts'

const keptMs = 60_000
const keptReports = 4
const patienceMs = 120_000
/** Old space of the thread: 100,000 sessions of 10,000 people take some 100 MB. */
const largestMiB = 512

export interface ReportParts {
  readonly database: string
  readonly clusters: readonly string[]
  readonly now: () => number
}

/** What the thread runs: compiled where this is. */
const program = new URL(`./report-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

async function runWorker(order: ReportOrder, signal: AbortSignal): Promise<Report> {
  const worker = new Worker(program, {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: largestMiB },
    // What the database's driver warns of is no line of the hub's log.
    stderr: true,
  })
  try {
    // `once` rejects on the error of a thread that fails.
    const ended = once(worker, 'exit', { signal }).then(() =>
      Promise.reject(new Error('the thread ended without a report')),
    )
    const [report] = await Promise.race([once(worker, 'message', { signal }), ended])
    return report
  } finally {
    await worker.terminate()
  }
}

export function openReports({ database, clusters, now }: ReportParts): Reports & AsyncDisposable {
  const closing = new AbortController()
  const kept = new Map<string, { readonly at: number; readonly report: Promise<Report> }>()
  let turn: Promise<unknown> = Promise.resolve()

  function begin(query: ReportQuery): Promise<Report> {
    const made = turn.then(() =>
      runWorker({ database, query, now: now() }, AbortSignal.any([closing.signal, AbortSignal.timeout(patienceMs)])),
    )
    turn = made.catch(() => {}) // told to who asked
    return made
  }

  return {
    clusters,
    async make(query) {
      for (const [key, { at }] of kept) if (now() - at > keptMs) kept.delete(key)
      const key = JSON.stringify(query)
      const known = kept.get(key) ?? { at: now(), report: begin(query) }
      kept.set(key, known)
      for (const oldest of kept.keys()) if (kept.size > keptReports) kept.delete(oldest)
      // The next one tries anew.
      known.report.catch(() => kept.delete(key))
      return known.report
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      kept.clear()
      await turn
    },
  }
}

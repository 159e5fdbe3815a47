/** A report in a thread of its own, on a connection of its own that cannot write: the hub's event loop does nothing for it. */
import { parentPort, workerData } from 'node:worker_threads'
import { gatherReport, largePage } from '../report/gather-report.ts'
import type { ReportQuery } from '../report/report.ts'
import { openExisting } from '../store/open-existing.ts'

export interface ReportOrder {
  readonly database: string
  readonly query: ReportQuery
  readonly now: number
}

async function make({ database: url, query, now }: ReportOrder): Promise<void> {
  await using database = await openExisting(url, { isReadOnly: true })
  if (!database?.reports) throw new Error('the database is not there, or of another version')
  parentPort?.postMessage(await gatherReport(database.reports, query, now, largePage))
}

// The type of what the thread was started with is its starter's word: `open-reports.ts`.
await make(workerData as ReportOrder)

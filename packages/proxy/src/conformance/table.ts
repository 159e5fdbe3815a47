/** The conformance table: what goes in and what comes out, chapter by chapter. `docs/reference/http-conformance.md` is made from it. */
import { brokenResponses } from './broken-responses.ts'
import { exchanges } from './exchanges.ts'
import { requestBodies } from './request-bodies.ts'
import { requestHeaders } from './request-headers.ts'
import { requestLines } from './request-lines.ts'
import { responses } from './responses.ts'
import type { Row } from './row.ts'

export interface Chapter {
  readonly title: string
  readonly rows: readonly Row[]
}

export const chapters: readonly Chapter[] = [
  { title: 'Request lines', rows: requestLines },
  { title: 'Headers of requests', rows: requestHeaders },
  { title: 'Bodies of requests', rows: requestBodies },
  { title: 'Answers', rows: responses },
  { title: 'What is no answer', rows: brokenResponses },
  { title: 'Connections', rows: exchanges },
]

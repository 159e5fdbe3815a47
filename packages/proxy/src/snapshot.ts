import { createHash } from 'node:crypto'
import { parseRoute, type Route, RouteError, type TargetRules } from './route.ts'
import { parseRoutes } from './route-book.ts'

export interface Snapshot {
  /** Tells snapshots apart, also those of equal routes: a journal follows one of them. */
  readonly id: string
  readonly routes: Map<string, Route>
}

/** The whole table as one JSON object with a checksum: a file that is cut or altered anywhere is refused as a whole. */
export function encodeSnapshot(routes: Readonly<Record<string, Route>>, id: string): string {
  const rest = `"id":${JSON.stringify(id)},"routes":${JSON.stringify(routes)}`
  return `{"format":"batchway-routes-2","sha256":"${sha256(rest)}",${rest}}\n`
}

/** @throws {RouteError} if the text is not a complete snapshot. */
export function decodeSnapshot(text: string, rules?: TargetRules): Snapshot {
  const [, sum, rest] = /^\{"format":"batchway-routes-2","sha256":"([0-9a-f]{64})",(.*)\}\n$/s.exec(text) ?? []
  if (sum === undefined || rest === undefined) throw new RouteError('the snapshot is cut or not one of ours')
  if (sha256(rest) !== sum) throw new RouteError('the snapshot was altered')
  const { id, routes } = JSON.parse(`{${rest}}`)
  if (typeof id !== 'string') throw new RouteError('the snapshot has no id')
  return { id, routes: parseRoutes(routes, (route) => parseRoute(route, rules)) }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Changes of routes since a snapshot, a line each. Every line has a checksum over itself and the line before: what a crash has left of the last
 * one is not taken for a change, and neither is anything of another snapshot's journal.
 */
import { createHash } from 'node:crypto'
import { parseRoute, type Route, type TargetRules } from './route.ts'
import { parseRoutes } from './route-book.ts'

export interface Line {
  readonly text: string
  /** For the line after it. */
  readonly sum: string
}

/** The first line: whose changes these are. */
export const journalHead = (snapshotId: string): Line =>
  line('batchway-journal-1', `"after":${JSON.stringify(snapshotId)}`)

/** @param route null: the path has none any more. */
export const journalLine = (before: string, path: string, route: Route | null): Line =>
  line(before, `"path":${JSON.stringify(path)},"route":${JSON.stringify(route)}`)

function line(before: string, body: string): Line {
  const sum = createHash('sha256').update(`${before} ${body}`).digest('hex').slice(0, 32)
  return { sum, text: `{"sum":"${sum}",${body}}\n` }
}

export interface Journal {
  /** In their order; null: removed. */
  readonly changes: readonly (readonly [path: string, route: Route | null])[]
  /** False if something stands behind the last whole line. */
  readonly isWhole: boolean
}

/** Read up to the first line that is not as it was written. @returns null for the journal of another snapshot, or for none. */
export function readJournal(text: string, snapshotId: string, rules?: TargetRules): Journal | null {
  const head = journalHead(snapshotId)
  if (!text.startsWith(head.text)) return null
  const changes: (readonly [string, Route | null])[] = []
  let [at, sum] = [head.text.length, head.sum]
  while (at < text.length) {
    const end = text.indexOf('\n', at) + 1
    const body = /^\{"sum":"[0-9a-f]{32}",(.*)\}\n$/s.exec(text.slice(at, end))?.[1]
    const read = body === undefined ? null : line(sum, body)
    if (read === null || body === undefined || read.text !== text.slice(at, end)) return { changes, isWhole: false }
    const { path, route } = JSON.parse(`{${body}}`)
    const [checked] = parseRoutes({ [path]: route }, (given) => (given === null ? null : parseRoute(given, rules)))
    if (checked) changes.push(checked)
    at = end
    sum = read.sum
  }
  return { changes, isWhole: true }
}

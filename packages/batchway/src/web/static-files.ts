import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  /** First 16 hex digits of the SHA-256: the query that makes a new version a new address. */
  readonly hash: string
}

const css = 'text/css; charset=utf-8'
const js = 'text/javascript; charset=utf-8'
const svg = 'image/svg+xml'

/** The whole list: a name that is not here does not exist, so no path can climb out. */
const list: readonly (readonly [name: string, type: string, source: string])[] = [
  ['bootstrap.min.css', css, 'bootstrap/dist/css/bootstrap.min.css'],
  ['tokens.css', css, './static/tokens.css'],
  ['components.css', css, './static/components.css'],
  ['app.js', js, './static/app.js'],
  ['events-worker.js', js, './static/events-worker.js'],
  ['logo.svg', svg, './static/logo.svg'],
  ['icon.svg', svg, './static/icon.svg'],
  ['icon-ok.svg', svg, './static/icon-ok.svg'],
  ['icon-wait.svg', svg, './static/icon-wait.svg'],
  ['icon-move.svg', svg, './static/icon-move.svg'],
  ['icon-bad.svg', svg, './static/icon-bad.svg'],
  ['icon-idle.svg', svg, './static/icon-idle.svg'],
]

/** Read all static files once, at start. */
export function loadStaticFiles(): ReadonlyMap<string, StaticFile> {
  return new Map(
    list.map(([name, type, source]) => {
      const body = new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(source))))
      const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
      return [name, { body, type, hash }]
    }),
  )
}

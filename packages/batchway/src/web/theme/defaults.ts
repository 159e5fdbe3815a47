/** The defaults of the openings, as they stand in our templates: what a site copies to begin with. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOpening, type OpeningName, openingNames } from './openings.ts'

export interface Default {
  readonly name: OpeningName
  readonly source: string
  /** Twelve hex digits that change with the source. */
  readonly version: string
}

export const ownTemplates = fileURLToPath(new URL('../templates/', import.meta.url))

const opening = /\{%-?\s*themed\s+'([a-z-]+)'\s*-?%\}(.*?)\{%-?\s*endthemed\s*-?%\}/gs

const versionOf = (source: string): string => createHash('sha256').update(source.trim()).digest('hex').slice(0, 12)

/** @throws {Error} where an opening stands nowhere, twice, or is not in the list: a mistake of ours that a test finds. */
export function readDefaults(folder = ownTemplates): ReadonlyMap<OpeningName, Default> {
  const found = new Map<OpeningName, Default>()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.liquid'))
  for (const file of files.sort())
    for (const [, name = '', source = ''] of readFileSync(join(folder, file), 'utf8').matchAll(opening)) {
      if (!isOpening(name)) throw new Error(`${file}: "${name}" is not in the list of openings`)
      if (found.has(name)) throw new Error(`${file}: "${name}" stands in another template too`)
      found.set(name, { name, source, version: versionOf(source) })
    }
  const missing = openingNames.filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`no template has: ${missing.join(', ')}`)
  return found
}

/** The first line of a copy tells what it was copied from. */
export const copyOf = ({ name, source, version }: Default): string =>
  `{% comment %}based on ${name} ${version}{% endcomment %}\n${source.replace(/^\n/, '').replace(/\s*$/, '\n')}`

/** @returns what the copy was made from; null where it does not say. */
export function basedOn(text: string): { readonly name: string; readonly version: string } | null {
  const [, name, version] = /\bbased on ([a-z-]+) ([0-9a-f]{12})\b/.exec(text.slice(0, 400)) ?? []
  return name === undefined || version === undefined ? null : { name, version }
}

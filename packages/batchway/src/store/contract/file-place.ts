import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Place } from './bench.ts'

/** A SQLite file in a directory of its own. */
export async function filePlace(): Promise<Place & { readonly path: string; readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'batchway-store-'))
  const path = join(directory, 'hub.db')
  return { url: `sqlite:${path}`, path, directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
}

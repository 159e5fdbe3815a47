import { statSync } from 'node:fs'

/** One file of a release: its path inside, and what it holds. */
export type ReleaseFile = {
  readonly path: string
  /** Mode 755; else 644. */
  readonly isProgram: boolean
  readonly size: number
} & ({ readonly bytes: Buffer } | { readonly source: string })

export const textFile = (path: string, text: string, isProgram = false): ReleaseFile => {
  const bytes = Buffer.from(text)
  return { path, isProgram, size: bytes.length, bytes }
}

export const copiedFile = (path: string, source: string, isProgram = false): ReleaseFile => ({
  path,
  isProgram,
  size: statSync(source).size,
  source,
})

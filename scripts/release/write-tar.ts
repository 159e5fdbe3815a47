/** A tar archive whose bytes depend on names, contents and one time alone: no machine's tar, user, umask or clock has a say. */
import { createReadStream } from 'node:fs'
import { block, tarHeader } from '../../packages/batchway/src/cli/backup/tar-header.ts'
import type { ReleaseFile } from './release-file.ts'

/** All folders that lie above the files. */
const foldersOf = (paths: readonly string[]): Set<string> =>
  new Set(
    paths.flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
    ),
  )

/** @param top the one folder that everything lies in. @param mtime seconds since 1970. */
export async function* writeTar(top: string, files: readonly ReleaseFile[], mtime: number): AsyncGenerator<Buffer> {
  const byPath = new Map(files.map((file) => [`${top}/${file.path}`, file]))
  const folders = foldersOf([...byPath.keys()])
  // By code units: a locale's order is another one on another machine. A folder comes before what lies in it.
  for (const path of [...folders, ...byPath.keys()].sort()) {
    const file = byPath.get(path)
    if (file === undefined) {
      yield tarHeader({ path: `${path}/`, mode: 0o755, size: 0, isFolder: true }, mtime)
      continue
    }
    yield tarHeader({ path, mode: file.isProgram ? 0o755 : 0o644, size: file.size, isFolder: false }, mtime)
    let written = 0
    for await (const chunk of 'bytes' in file ? [file.bytes] : createReadStream(file.source)) {
      written += chunk.length
      yield chunk
    }
    if (written !== file.size) throw new Error(`${path} changed while it was read`)
    const rest = file.size % block
    if (rest > 0) yield Buffer.alloc(block - rest)
  }
  yield Buffer.alloc(2 * block)
}

/** Makes the archive: compiles, lists, writes, and says what came out. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createGzip } from 'node:zlib'
import type { ReleaseFile } from './release-file.ts'
import { releaseFiles } from './release-files.ts'
import { writeTar } from './write-tar.ts'

const usage = `Usage: npm run release -- [--out FOLDER] [--as VERSION] [--level 1-9]

Makes batchway-VERSION-PLATFORM.tar.gz, byte for byte the same from the same sources, and its .sha256 beside it.

  --out FOLDER   where to put it; "dist" if absent
  --as VERSION   another version than that of package.json, for trying upgrades
  --level 1-9    how hard gzip tries; 6 if absent. The archive differs, what is in it does not
SOURCE_DATE_EPOCH (seconds) sets the files' time; 2026-01-01 if absent.`

/** Files need some time: any that is the same for everybody. */
const standardTime = Date.UTC(2026, 0, 1) / 1_000

/** @throws {Error} for a version that is no folder's name, or not one at all. @see https://semver.org */
export function checkVersion(version: string): string {
  if (!/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(version)) throw new Error(`not a version: ${JSON.stringify(version)}`)
  return version
}

export interface Archive {
  readonly file: string
  readonly sha256: string
}

/** @param mtime seconds since 1970. */
export async function writeArchive(
  target: string,
  top: string,
  files: readonly ReleaseFile[],
  { level, mtime }: { readonly level: number; readonly mtime: number },
): Promise<Archive> {
  const made = `${target}.new-${process.pid}`
  try {
    // Node writes no name and no time into gzip's header, and the zlib in it is pinned with it.
    await pipeline(Readable.from(writeTar(top, files, mtime)), createGzip({ level }), createWriteStream(made))
    const hash = createHash('sha256')
    const read = createReadStream(made).on('data', (chunk) => hash.update(chunk))
    await once(read, 'end')
    renameSync(made, target)
    return { file: target, sha256: hash.digest('hex') }
  } finally {
    rmSync(made, { force: true })
  }
}

/** @throws {Error} in words. */
export async function runRelease(root: string, words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      out: { type: 'string', default: join(root, 'dist') },
      as: { type: 'string' },
      level: { type: 'string', default: '6' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const own: { version: string } = JSON.parse(readFileSync(join(root, 'packages/batchway/package.json'), 'utf8'))
  const version = checkVersion(values.as ?? own.version)
  if (!/^[1-9]$/.test(values.level)) throw new Error('--level is a number from 1 to 9')
  const epoch = process.env.SOURCE_DATE_EPOCH ?? String(standardTime)
  if (!/^\d{1,10}$/.test(epoch)) throw new Error('SOURCE_DATE_EPOCH is a number of seconds since 1970')
  const kind = `${process.platform}-${process.arch}`
  const files = await releaseFiles({ root, version, kind })
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const name = `batchway-${version}-${kind}.tar.gz`
  const archive = await writeArchive(join(out, name), `batchway-${version}`, files, {
    level: Number(values.level),
    mtime: Number(epoch),
  })
  const sums = createWriteStream(`${archive.file}.sha256`)
  sums.end(`${archive.sha256}  ${name}\n`)
  await once(sums, 'close')
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  process.stdout.write(
    `${archive.file}\n${archive.sha256}\n${files.length} files, ${Math.round(bytes / 2 ** 20)} MiB\n`,
  )
}

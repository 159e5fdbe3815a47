/** The file that `backup` writes and `restore` reads: a tar archive, gzipped, whose first entry says what the others are. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { z } from 'zod'
import { block, parseTarHeader, tarHeader } from './tar-header.ts'

/** Nothing that leads out of the folder it is unpacked in. */
const innerPath = z
  .string()
  .refine((path) => /^(?:state|config|database)\/./.test(path) && !/(?:^|\/)\.{1,2}(?:\/|$)|\/\/|\0/.test(path))

const Contents = z.strictObject({
  format: z.literal(1),
  /** ISO 8601, UTC. */
  made: z.string(),
  /** Version of Batchway that made it. */
  batchway: z.string(),
  database: z.strictObject({
    kind: z.enum(['sqlite', 'postgres', 'none']),
    /** Of its tables. */
    version: z.int().min(0),
  }),
  stateDirectory: z.string(),
  configFile: z.string(),
  files: z.array(z.strictObject({ path: innerPath, sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) })),
})
export type Contents = z.output<typeof Contents>

const contentsName = 'backup.json'
/** Of what `backup.json` itself may take. */
const contentsLimit = 4 * 2 ** 20

/** A file that goes in: where it lies now, and its path in the archive. */
export interface Source {
  readonly path: string
  readonly source: string
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

export async function listFiles(sources: readonly Source[]): Promise<Contents['files']> {
  const files = []
  for (const { path, source } of sources)
    files.push({ path, sha256: await hashFile(source), size: statSync(source).size })
  return files
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block)

async function* entries(contents: Contents, sources: readonly Source[], mtime: number): AsyncGenerator<Buffer> {
  const words = Buffer.from(`${JSON.stringify(contents, null, 2)}\n`)
  yield tarHeader({ path: contentsName, mode: 0o600, size: words.length, isFolder: false }, mtime)
  yield words
  yield padding(words.length)
  for (const [index, { path, source }] of sources.entries()) {
    const size = contents.files[index]?.size ?? 0
    yield tarHeader({ path, mode: 0o600, size, isFolder: false }, mtime)
    let written = 0
    for await (const chunk of createReadStream(source)) {
      written += chunk.length
      yield chunk
    }
    if (written !== size) throw new Error(`${source} changed while it was saved: try again`)
    yield padding(size)
  }
  yield Buffer.alloc(2 * block)
}

/** @param file must not be there: it is made with mode 0600. */
export async function writeArchive(file: string, contents: Contents, sources: readonly Source[]): Promise<void> {
  const mtime = Math.floor(Date.parse(contents.made) / 1_000)
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  await pipeline(Readable.from(entries(contents, sources, mtime)), createGzip(), target)
}

/** Takes so many bytes at a time from a stream. */
async function* takers(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, number> {
  let held = Buffer.alloc(0)
  let wanted = yield held
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk])
    while (held.length >= wanted) {
      const taken = held.subarray(0, wanted)
      held = held.subarray(wanted)
      wanted = yield taken
    }
  }
}

const damaged = (why: string): Error => new Error(`not an archive of "batchway backup", or damaged: ${why}`)

/**
 * Unpack an archive into an empty folder and compare every file with what the archive says of it.
 * @throws {Error} in words, if anything differs; nothing outside the folder is touched in any case.
 */
export async function readArchive(file: string, folder: string): Promise<Contents> {
  const source = createReadStream(file)
  const unzipped = source.pipe(createGunzip())
  source.on('error', (error) => unzipped.destroy(error))
  const taker = takers(unzipped)
  await taker.next(0)
  const take = async (size: number): Promise<Buffer> => {
    const { value, done } = await taker.next(size)
    if (done || value === undefined) throw damaged('it ends too early')
    return value
  }
  const takeEntry = async () => {
    const entry = parseTarHeader(await take(block))
    if (entry !== null && !entry.isFile) throw damaged(`${entry.path} is not a plain file`)
    return entry
  }
  try {
    const first = await takeEntry()
    if (first?.path !== contentsName || first.size > contentsLimit)
      throw damaged(`it does not begin with ${contentsName}`)
    const text = (await take(first.size + padding(first.size).length)).subarray(0, first.size).toString()
    const contents = Contents.safeParse(JSON.parse(text))
    if (!contents.success) throw damaged(`${contentsName} is not understood; a newer version may have made it`)
    for (const { path, sha256, size } of contents.data.files) {
      const entry = await takeEntry()
      if (entry?.path !== path || entry.size !== size) throw damaged(`${path} is not where it should be`)
      const target = join(folder, path)
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
      const output = createWriteStream(target, { flags: 'wx', mode: 0o600 })
      const body = async function* () {
        for (let left = size; left > 0; ) {
          const part = await take(Math.min(left, 2 ** 16))
          left -= part.length
          yield Buffer.from(part)
        }
      }
      await pipeline(Readable.from(body()), output)
      await take(padding(size).length)
      if ((await hashFile(target)) !== sha256) throw damaged(`${path} was changed`)
    }
    if ((await takeEntry()) !== null) throw damaged('it holds more than it says')
    // To the very end, where the checksum of the whole stands.
    for (let isAtEnd = false; !isAtEnd; ) isAtEnd = (await taker.next(1)).done === true
    return contents.data
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw damaged(error.message)
    if (error instanceof SyntaxError) throw damaged(`${contentsName} is no JSON`)
    throw error
  } finally {
    unzipped.destroy()
    source.destroy()
  }
}

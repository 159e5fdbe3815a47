/** Is a release what was built? By the list of checksums inside. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const sumsName = 'SHA256SUMS'

export interface SumLine {
  readonly sha256: string
  /** Below the release. */
  readonly path: string
}

/** @throws {Error} for a line that sha256sum(1) did not write, or a path that leads out of the release. */
export function parseSums(text: string): readonly SumLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
      if (sha256 === undefined || path === undefined || path.startsWith('/') || path.split('/').includes('..'))
        throw new Error(`${sumsName}, line ${index + 1} is not a checksum and a path`)
      return { sha256, path }
    })
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await once(
    createReadStream(file).on('data', (chunk) => hash.update(chunk)),
    'close',
  )
  return hash.digest('hex')
}

function everything(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    return entry.isDirectory() ? everything(root, path) : [path]
  })
}

/** Programs are runnable, the rest is not, and nobody but the owner writes. */
function modeProblem(root: string, path: string): string[] {
  const stat = lstatSync(join(root, path))
  if (!stat.isFile()) return [`${path}: is not a plain file`]
  const octal = (stat.mode & 0o777).toString(8)
  return (stat.mode & 0o022) !== 0 ? [`${path}: can be written by others (mode ${octal})`] : []
}

/** @returns what is wrong, one line each; nothing: every file is there, unchanged, and no other is. @throws {Error} without a list. */
export async function verifyRelease(root: string): Promise<readonly string[]> {
  const sums = parseSums(readFileSync(join(root, sumsName), 'utf8'))
  const listed = new Set([...sums.map(({ path }) => path), sumsName])
  const found = new Set(everything(root))
  const problems = [...found].filter((path) => !listed.has(path)).map((path) => `${path}: does not belong here`)
  for (const { sha256, path } of sums) {
    if (!found.has(path)) {
      problems.push(`${path}: is missing`)
      continue
    }
    const modes = modeProblem(root, path)
    problems.push(...modes)
    if (modes.length === 0 && (await hashOf(join(root, path))) !== sha256) problems.push(`${path}: was changed`)
  }
  return problems.sort()
}

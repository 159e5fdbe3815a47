import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { linkProgram } from './link-program.ts'

const stampName = '.source-hash'

/**
 * Make sure that `<root>/dist` holds the compiled agent, its program in one file. A published package has it; a checkout compiles it when it is missing or
 * older than the source. @throws when the compiler reports errors.
 */
export function ensureAgentBuild(root: string): string {
  const dist = join(root, 'dist')
  if (!existsSync(join(root, 'tsconfig.build.json'))) return dist
  const hash = sourceHash(root)
  if (readOr(join(dist, stampName)) === hash) return dist
  const compiler = createRequire(join(root, 'package.json')).resolve('typescript/package.json')
  const built = mkdtempSync(join(root, 'dist.tmp-'))
  try {
    const args = [join(compiler, '../bin/tsc'), '-p', join(root, 'tsconfig.build.json'), '--outDir', built]
    execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    // The package of the drivers is compiled by this, too; it has no program at its top.
    if (existsSync(join(built, 'bin.js'))) linkProgram(join(built, 'bin.js'))
    chmodSync(built, 0o755)
    writeFileSync(join(built, stampName), hash)
    swap(built, dist, hash)
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
  return dist
}

/** Two processes may build at once: whoever comes second finds the same content in place and leaves it. */
function swap(built: string, dist: string, hash: string): void {
  for (let round = 0; round < 5; round++) {
    if (readOr(join(dist, stampName)) === hash) return
    const old = `${built}.old`
    try {
      renameSync(dist, old)
    } catch {
      // not there
    }
    try {
      renameSync(built, dist)
      return
    } catch {
      // another process was faster: look again
    } finally {
      rmSync(old, { recursive: true, force: true })
    }
  }
  throw new Error(`${dist} could not be put in place`)
}

function sourceHash(root: string): string {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/**/*.test.ts', 'src/testing/**'] }).sort()
  const hash = createHash('sha256')
  for (const file of [...files, 'tsconfig.build.json', 'package.json'])
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function readOr(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

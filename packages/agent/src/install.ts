import { createHash } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  globSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { ensureAgentBuild } from './agent-build.ts'

export interface InstallOptions {
  /** Folder that the compute nodes see, too; versions live side by side in it. */
  readonly target: string
  /** Root of this package; by default where this code is. */
  readonly from?: string
  /** Further compiled folders that go into the same version, `only` these of their files: `{ from: '…/dist/local', as: 'local' }`. */
  readonly extra?: readonly { readonly from: string; readonly as: string; readonly only?: RegExp }[]
}

export interface InstalledAgent {
  /** `<target>/<version>`: holds `dist/bin.js`, `package.json`, `runtime/<os-cpu>/bin/node` and the extras. */
  readonly dir: string
  /** The runtime for this machine's kind. */
  readonly node: string
  /** Package version and content: another content is another folder, so a running session never sees its agent change. */
  readonly version: string
}

/** What goes in: path inside the folder → where it comes from. */
type Content = ReadonlyMap<string, string>

const kinds = ['linux-x64', 'linux-arm64'] as const

/**
 * Put the agent with its runtime into a folder that job scripts can name: readable by all, writable by its owner alone, in place
 * at once or not at all. Instant when that content is already there. @throws when there is no runtime for this machine.
 */
export function installAgent({ target, from, extra = [] }: InstallOptions): InstalledAgent {
  const root = from ?? resolve(import.meta.dirname, '..')
  const dist = ensureAgentBuild(root)
  const runtimes = findRuntimes(root)
  const kind = `${process.platform}-${process.arch}`
  if (!runtimes.has(`runtime/${kind}/bin/node`)) throw new Error(`the package node-${kind} is not installed`)
  const code: Content = new Map([
    ['package.json', join(root, 'package.json')],
    ...folderContent(dist, 'dist'),
    ...extra.flatMap((folder) => folderContent(folder.from, folder.as, folder.only)),
  ])
  const version = `${packageVersion(join(root, 'package.json'))}-${contentHash(code, runtimes)}`
  const dir = join(resolve(target), version)
  if (!existsSync(dir)) putInPlace(dir, code, runtimes)
  return { dir, node: join(dir, 'runtime', kind, 'bin/node'), version }
}

function putInPlace(dir: string, code: Content, runtimes: Content): void {
  makeFolder(dirname(dir))
  const made = mkdtempSync(`${dir}.tmp-`)
  try {
    chmodSync(made, 0o755)
    for (const [path, source] of code) {
      const destination = join(made, path)
      makeFolder(dirname(destination))
      writeFileSync(destination, readFileSync(source))
      chmodSync(destination, 0o644)
    }
    for (const [path, source] of runtimes) {
      makeFolder(dirname(join(made, path)))
      linkOrCopy(source, join(made, path))
    }
    renameSync(made, dir)
  } catch (error) {
    if (!existsSync(dir)) throw error // else another process has just put the same content there
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** `mkdir -p` whatever the umask; existing folders keep their mode. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o755)
}

/** A hard link shares the file's owner and mode: only taken when these are as they must be. */
function linkOrCopy(source: string, destination: string): void {
  const { mode, uid } = statSync(source)
  const isFit = (mode & 0o022) === 0 && (mode & 0o555) === 0o555 && (uid === 0 || uid === process.getuid?.())
  try {
    if (!isFit) throw new Error('not fit for a link')
    linkSync(source, destination)
  } catch {
    copyFileSync(source, destination, constants.COPYFILE_FICLONE)
    chmodSync(destination, 0o755)
  }
}

function findRuntimes(root: string): Content {
  const require = createRequire(join(root, 'package.json'))
  return new Map(
    kinds.flatMap((kind): [string, string][] => {
      try {
        return [[`runtime/${kind}/bin/node`, join(dirname(require.resolve(`node-${kind}/package.json`)), 'bin/node')]]
      } catch {
        return [] // the other processor's package is optional
      }
    }),
  )
}

function folderContent(folder: string, as: string, only = /./): [string, string][] {
  const files = globSync('**/*.{js,json}', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file): [string, string] => [file.slice(resolve(folder).length + 1), file])
    .filter(([name]) => only.test(name))
    .map(([name, file]) => [join(as, name), file])
}

/** The runtime is told by its package's version: hashing 120 MB each time would make every start slow. */
function contentHash(code: Content, runtimes: Content): string {
  const hash = createHash('sha256')
  for (const [path, source] of code) hash.update(`${path}\0`).update(readFileSync(source)).update('\0')
  for (const [path, source] of runtimes)
    hash.update(`${path}\0${packageVersion(join(dirname(source), '../package.json'))}\0${statSync(source).size}\0`)
  return hash.digest('hex').slice(0, 12)
}

const packageVersion = (file: string): string => JSON.parse(readFileSync(file, 'utf8')).version

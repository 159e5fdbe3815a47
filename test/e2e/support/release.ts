/** Releases of this checkout, as `npm run release` makes them. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const checkout = resolve(import.meta.dirname, '../../..')

export interface BuiltRelease {
  readonly file: string
  readonly sha256: string
}

/** @param umask of the one who builds. The archive is written quickly, not small. */
export function buildRelease(out: string, version: string, from = checkout, umask = '022'): BuiltRelease {
  const node = join(checkout, 'node_modules/.bin/node')
  const program = [node, '--conditions=source', '--no-warnings', join(from, 'scripts/release/main.ts')]
  const words = [...program, '--out', out, '--as', version, '--level', '1']
  execFileSync('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  const file = join(out, `batchway-${version}-${process.platform}-${process.arch}.tar.gz`)
  return { file, sha256: readFileSync(`${file}.sha256`, 'utf8').slice(0, 64) }
}

/** Unpack a release. @returns its folder. */
export function unpack({ file }: BuiltRelease, into: string): string {
  mkdirSync(into, { recursive: true, mode: 0o755 })
  execFileSync('tar', ['--no-same-owner', '-xzf', file, '-C', into])
  const [, version = ''] = /\/batchway-([^/]+)-linux-[^-/]+\.tar\.gz$/.exec(file) ?? []
  return join(into, `batchway-${version}`)
}

/** The same sources and packages in another folder, all with other times; gone at the end. */
export function copyCheckout(): { readonly path: string } & Disposable {
  // On the same file system: packages are hard links, which take no room and no time.
  mkdirSync(join(checkout, '.cache'), { recursive: true })
  const path = mkdtempSync(join(checkout, '.cache', 'another folder '))
  const list = ['-c', `safe.directory=${checkout}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const files = execFileSync('git', list, { cwd: checkout, encoding: 'utf8' }).split('\0')
  for (const file of files.filter((path) => path !== '' && existsSync(join(checkout, path)))) {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    if (statSync(join(checkout, file)).isFile()) copyFileSync(join(checkout, file), join(path, file))
  }
  execFileSync('cp', ['-a', '--link', join(checkout, 'node_modules'), path])
  cpSync(join(checkout, 'package-lock.json'), join(path, 'package-lock.json'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

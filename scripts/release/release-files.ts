/** What a release holds, as a list: nothing is written here. */
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureAgentBuild } from '@batchway/agent'
import { makeProgram } from '../../packages/batchway/src/cli/program.ts'
import { manPage } from './man-page.ts'
import { packagingFiles } from './packaging-files.ts'
import { isCarried, type ProductionPackage, productionPackages } from './production-packages.ts'
import { releaseFacts } from './release-facts.ts'
import { copiedFile, type ReleaseFile, textFile } from './release-file.ts'
import { stripSource } from './strip-source.ts'
import { thirdParty } from './third-party.ts'

/** Files below a folder, as paths inside it, sorted. */
const filesBelow = (folder: string, pattern = '**/*'): string[] =>
  globSync(pattern, { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

/** Names of our packages: folder below `packages`, and what npm calls it. */
const own = [
  ['agent', '@batchway/agent'],
  ['batchway', 'batchway'],
  ['proxy', '@batchway/proxy'],
  ['schedulers', '@batchway/schedulers'],
] as const

/** Tests, and what only they use. */
const isForTests = (path: string): boolean =>
  /\.test\.ts$|\.contract\.ts$|(?:^|\/)(?:testing|contract|testdata|model)(?:[/.-]|$)|(?:^|\/)testing[^/]*\.ts$/.test(
    path,
  )

/** The manifest of one of our packages, without what only a checkout has. */
function manifestOf(root: string, folder: string, version: string): string {
  const { name, description, license, type, exports, dependencies } = JSON.parse(
    readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
  )
  const doors = Object.entries<{ default: string }>(exports)
    .filter(([door]) => door !== './testing')
    .map(([door, { default: file }]) => [door, file])
  return `${JSON.stringify({ name, version, description, license, type, exports: Object.fromEntries(doors), dependencies }, null, 2)}\n`
}

/** The agent is compiled and linked into one file as for every installation; the rest loses its types alone. */
function ownFiles(root: string, folder: string, name: string, version: string): ReleaseFile[] {
  const from = join(root, 'packages', folder)
  const to = `lib/node_modules/${name}`
  const manifest = textFile(`${to}/package.json`, manifestOf(root, folder, version))
  if (folder === 'agent') {
    const dist = ensureAgentBuild(from)
    return [manifest, ...filesBelow(dist, '**/*.js').map((path) => copiedFile(`${to}/dist/${path}`, join(dist, path)))]
  }
  const source = join(from, 'src')
  const files = filesBelow(source).filter((path) => !isForTests(path) && !path.endsWith('README.md'))
  return [
    manifest,
    ...files.map((path) =>
      path.endsWith('.ts')
        ? textFile(`${to}/dist/${path.slice(0, -3)}.js`, stripSource(readFileSync(join(source, path), 'utf8')))
        : copiedFile(`${to}/dist/${path}`, join(source, path)),
    ),
  ]
}

const carriedFiles = (root: string, { name, path }: ProductionPackage): ReleaseFile[] =>
  filesBelow(join(root, path))
    .filter((file) => !file.startsWith('node_modules/') && isCarried(name, file))
    .map((file) => copiedFile(`lib/${path}/${file}`, join(root, path, file), file === 'bin/node'))

/** For people: what a checkout has, at places where they look. */
function documents(root: string): ReleaseFile[] {
  const below = (folder: string, as: string) =>
    filesBelow(join(root, folder)).map((path) => copiedFile(`${as}/${path}`, join(root, folder, path)))
  return [
    ...['LICENSE', 'NOTICE', 'CHANGELOG.md'].map((name) => copiedFile(name, join(root, name))),
    ...['README.md', 'ARCHITECTURE.md', 'SECURITY.md'].map((name) => copiedFile(`share/doc/${name}`, join(root, name))),
    ...below('docs', 'share/doc/docs'),
    ...below('examples', 'share/doc/examples'),
  ]
}

export interface ReleaseOrder {
  /** The checkout; its npm packages are installed. */
  readonly root: string
  readonly version: string
  /** `linux-x64`. */
  readonly kind: string
}

const digestOf = (file: ReleaseFile): string =>
  createHash('sha256')
    .update('bytes' in file ? file.bytes : readFileSync(file.source))
    .digest('hex')

/** All files, each with its place; the last one is the list of their checksums. @throws {Error} in words. */
export async function releaseFiles({ root, version, kind }: ReleaseOrder): Promise<readonly ReleaseFile[]> {
  const program = await makeProgram()
  const packages = productionPackages(root, kind)
  const files = [
    copiedFile('bin/batchway', join(root, 'packaging/bin/batchway'), true),
    ...own.flatMap(([folder, name]) => ownFiles(root, folder, name, version)),
    copiedFile('lib/node_modules/batchway/bin/batchway', join(root, 'packages/batchway/bin/batchway'), true),
    ...packages.flatMap((one) => carriedFiles(root, one)),
    ...documents(root),
    ...packagingFiles(root),
    textFile('share/man/man1/batchway.1', manPage(program, version)),
    textFile('THIRD-PARTY.txt', thirdParty(root, packages)),
    textFile('release.json', `${JSON.stringify(releaseFacts({ version, kind, packages }), null, 2)}\n`),
  ].sort((a, b) => (a.path < b.path ? -1 : 1))
  // As sha256sum(1) writes and reads it.
  const sums = files.map((file) => `${digestOf(file)}  ${file.path}\n`)
  return [...files, textFile('SHA256SUMS', sums.join(''))]
}

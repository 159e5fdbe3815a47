/** Makes sure that another account can read the program it is to run. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ownRelease } from '../../app/release.ts'
import { quoted } from '../state-owner.ts'
import { asAccount } from './as-account.ts'
import type { Account } from './served-account.ts'

/** The folder that holds packages and node_modules: where the checkout or the installation begins. */
function rootOf(program: string): string {
  for (let folder = dirname(program); folder !== '/'; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules')) && existsSync(join(folder, 'package-lock.json'))) return folder
  }
  return dirname(program)
}

function canRead(account: Account, program: string): boolean {
  const script = `require('fs').readFileSync(${JSON.stringify(program)})`
  const [file, ...args] = asAccount(account, [process.execPath, '--eval', script])
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}

/** What development needs and running does not: packages, as paths below node_modules. */
const unneeded = ['playwright-core', '@biomejs', '.cache']

/** Is a path, relative to the root, part of what runs? */
export const isNeeded = (path: string): boolean =>
  !unneeded.some((name) => path === join('node_modules', name) || path.startsWith(`${join('node_modules', name)}/`)) &&
  !/(^|\/)dist\.tmp-/.test(path)

/** Changes with everything that runs. */
function contentHash(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  for (const file of globSync('packages/*/{src,dist,bin}/**/*', { cwd: root, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    if (file.isFile() && !/\.test\.ts$/.test(path)) hash.update(`${relative(root, path)}\0`).update(readFileSync(path))
  }
  return hash.digest('hex').slice(0, 12)
}

/** @returns the copy's root; instant when it is already there. */
function copyProgram(root: string, copies: string): string {
  const copy = join(copies, `program-${contentHash(root)}`)
  if (existsSync(copy)) return copy
  mkdirSync(copies, { recursive: true, mode: 0o755 })
  const made = mkdtempSync(`${copy}.`)
  try {
    for (const part of ['packages', 'node_modules', 'package.json', 'package-lock.json', 'tsconfig.json']) {
      cpSync(join(root, part), join(made, part), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => isNeeded(relative(root, source)),
      })
    }
    const { status } = spawnSync('chmod', ['-R', 'a+rX,go-w', made], { stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error(`${made} could not be made readable`)
    try {
      renameSync(made, copy)
    } catch (error) {
      if (!existsSync(copy)) throw error // else another start was faster, with the same content
    }
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return copy
}

/** A release is copied by its own command, which also compares it with its checksums. */
function closedRelease(account: string, program: string): string {
  const root = program.slice(0, Math.max(program.indexOf('/lib/node_modules/'), 0)) || dirname(program)
  return `${account} cannot read ${root}, and nothing runs as root. Put the release where everybody can read it:\n  ${quoted(`${root}/bin/batchway`)} install\nand start it from there: /opt/batchway/bin/batchway start`
}

/**
 * A checkout in root's home cannot be read by anybody else: then it is copied to where it can, once per content.
 * @param program a file of this checkout or installation.
 * @param copies where copies may lie; readable by all.
 * @returns how to name a path of this program for that account. @throws {Error} with what to type, for a release.
 */
export function readableProgram(
  account: Account,
  program: string,
  copies = '/var/lib/batchway',
): (path: string) => string {
  if (canRead(account, program)) return (path) => path
  if (ownRelease() !== null) throw new Error(closedRelease(account.name, program))
  const root = rootOf(program)
  const copy = copyProgram(root, copies)
  return (path) => (path.startsWith(`${root}/`) ? join(copy, relative(root, path)) : path)
}

/** Makes sure that another account can read the program it is to run. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
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

/** What development needs and running does not. */
const unneeded = new Set(['.git', 'docs', 'test', 'testbench', 'playwright-core', '@biomejs', '.cache', 'test-output'])

/** Changes with everything that runs. */
function contentHash(root: string): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  for (const file of globSync('packages/*/{src,dist,bin}/**/*', { cwd: root, withFileTypes: true })) {
    if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)))
  }
  return hash.digest('hex').slice(0, 12)
}

/** @returns the copy's root; instant when it is already there. */
function copyProgram(root: string, copies: string): string {
  const copy = join(copies, `program-${contentHash(root)}`)
  if (existsSync(copy)) return copy
  const made = `${copy}.new`
  rmSync(made, { recursive: true, force: true })
  mkdirSync(made, { recursive: true, mode: 0o755 })
  for (const part of ['packages', 'node_modules', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(made, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) =>
        !relative(root, source)
          .split('/')
          .some((name) => unneeded.has(name)),
    })
  }
  spawnSync('chmod', ['-R', 'a+rX,go-w', made])
  renameSync(made, copy)
  return copy
}

/**
 * A checkout in root's home cannot be read by anybody else: then it is copied to where it can, once per content.
 * @param program a file of this checkout or installation.
 * @param copies where copies may lie; readable by all.
 * @returns how to name a path of this program for that account.
 */
export function readableProgram(
  account: Account,
  program: string,
  copies = '/var/lib/batchway',
): (path: string) => string {
  if (canRead(account, program)) return (path) => path
  const root = rootOf(program)
  const copy = copyProgram(root, copies)
  return (path) => (path.startsWith(`${root}/`) ? join(copy, relative(root, path)) : path)
}

/** The hands of `init`: compares and writes. Thin; what is to be written is decided in `plan.ts`. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Account, findAccount } from '../start/served-account.ts'
import { type ComparedFile, compare, type PlannedFile } from './plan.ts'

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
    if (codeOf(error) === 'EACCES') throw new Error(`${path} cannot be read by this account: run init as root`)
    throw error
  }
}

export const compareAll = (files: readonly PlannedFile[]): readonly ComparedFile[] =>
  files.map((file) => compare(file, readIfThere(file.path)))

/** Whole or not at all; what was there is kept with `~` behind its name, which neither sudo nor systemd reads. */
export function writeFile({ path, text, mode, found }: ComparedFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  if (existsSync(path) && lstatSync(path).isSymbolicLink())
    throw new Error(`${path} is a link: init does not write through it. Remove it, or write its target yourself`)
  // A name that sudo does not read: with a dot.
  const made = join(dirname(path), `.${basename(path)}.${process.pid}.new`)
  writeFileSync(made, text, { mode: 0o600, flag: 'wx' })
  try {
    chmodSync(made, mode)
    if (found !== null) {
      rmSync(`${path}~`, { force: true })
      writeFileSync(`${path}~`, found, { mode: 0o600, flag: 'wx' })
    }
    renameSync(made, path)
  } catch (error) {
    rmSync(made, { force: true })
    throw error
  }
}

/** @throws {Error} with visudo's words: a broken file would lock sudo for the whole machine. */
export function checkSudoers(text: string, visudo: string | undefined): void {
  if (visudo === undefined)
    throw new Error('visudo is not here to check the sudo rule: install sudo, or leave the rule out with --no-sudoers')
  const folder = mkdtempSync(join(tmpdir(), 'batchway-init-'))
  try {
    const file = join(folder, 'sudoers')
    writeFileSync(file, text, { mode: 0o440 })
    execFileSync(visudo, ['-c', '-f', file], { stdio: 'pipe' })
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(`the sudo rule was not installed, for visudo refuses it: ${words}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const hasGroup = (name: string): boolean => {
  try {
    execFileSync('getent', ['group', '--', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * Make account and group, those that are missing.
 * @param sysusers file for systemd-sysusers; null where there is no systemd.
 * @throws {Error} with words.
 */
export function makeAccounts(
  sysusers: string | null,
  { account, group }: { readonly account: string; readonly group: string },
): Account {
  const home = `/var/lib/${account}`
  const useradd = ['--system', '--user-group', '--no-create-home', '--home-dir', home, '--shell', '/usr/sbin/nologin']
  if (findAccount(account) === null || !hasGroup(group)) {
    if (sysusers !== null) execFileSync('systemd-sysusers', [sysusers], { stdio: 'pipe' })
    if (!hasGroup(group)) execFileSync('groupadd', ['--system', group], { stdio: 'pipe' })
    if (findAccount(account) === null) execFileSync('useradd', [...useradd, account], { stdio: 'pipe' })
  }
  const found = findAccount(account)
  if (found === null || !hasGroup(group))
    throw new Error(`the account ${account} and the group ${group} could not be made: make them, and run init again`)
  return found
}

/** A folder that is the account's own. One that is there is left as it is: the hub says at its start what is wrong with it. @returns whether it was made. */
export function makeFolder(path: string, mode: number, { uid, gid }: Account): boolean {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  mkdirSync(path, { mode: 0o700 })
  chownSync(path, uid, gid)
  chmodSync(path, mode)
  return true
}

/** A secret for the front server; one that is there stays, also with --force: the front server knows it. @returns whether it was made. */
export function makeSecret(path: string, { uid, gid }: Account): boolean {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  chownSync(path, uid, gid)
  return true
}

/** Secrets in files of their own: made on the first start, refused when anybody else can read them. */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * Read a secret, or make it if the file is not there (32 random bytes in hexadecimal, mode 0600).
 * @throws {Error} with words for the admin, if the file belongs to another account, can be read by others, or is weak.
 */
export function readOrMakeSecret(path: string): string {
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      const secret = randomBytes(32).toString('hex')
      writeSync(file, `${secret}\n`)
      return secret
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { mode, uid } = fstatSync(file)
    if (uid !== process.geteuid?.()) throw new Error(`${path} belongs to uid ${uid}: run "chown" or remove it`)
    if ((mode & 0o077) !== 0) {
      throw new Error(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): remove it, so that a new one is made`,
      )
    }
    const secret = readFileSync(file, 'utf8').trim()
    if (!/^[0-9a-f]{64,}$/.test(secret))
      throw new Error(`${path} does not hold 64 hexadecimal digits: remove it, so that a new one is made`)
    // Of 64 random digits, fewer than eight different ones come up once in 10^17 times.
    if (new Set(secret).size < 8)
      throw new Error(`${path} holds no random secret: remove it, so that a new one is made`)
    return secret
  } finally {
    closeSync(file)
  }
}

/**
 * Read a secret that others gave: the hub's account owns the file, or root does and lets the account's group read it.
 * @throws {Error} with words for the admin, if it is missing, empty, or can be read by others.
 */
export function readPrivateFile(path: string): string {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(`${path} cannot be read (${code}): it must hold the secret, readable by the hub's account alone`)
  }
  try {
    const { mode, uid } = fstatSync(file)
    if (uid !== process.geteuid?.() && uid !== 0)
      throw new Error(`${path} belongs to uid ${uid}: give it to the hub's account or to root`)
    if ((mode & (uid === 0 ? 0o027 : 0o077)) !== 0)
      throw new Error(`${path} is open to others (mode ${(mode & 0o777).toString(8)}): run "chmod 600 ${path}"`)
    const secret = readFileSync(file, 'utf8').trim()
    if (secret === '') throw new Error(`${path} is empty: it must hold the secret`)
    return secret
  } finally {
    closeSync(file)
  }
}

/** Files that hold keys: ours alone, and never half written. */
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @returns null if there is none. @throws {Error} if others can read or replace it. */
export async function readPrivateFile(file: string): Promise<string | null> {
  try {
    await using handle = await open(file, 'r')
    const { mode, uid } = await handle.stat()
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) throw new Error(`${file} must be ours alone (mode 0600)`)
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Replace a file so that a crash at any moment leaves the old or the new content, readable by us alone. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`
  await rm(draft, { force: true })
  {
    await using handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(text)
    await handle.sync()
  }
  await rename(draft, file)
  await using directory = await open(dirname(file), 'r')
  await directory.sync()
}

/** Read a secret from a file that only we can read. @throws {Error} if others can read or replace it, or if it is empty. */
export async function readSecretFile(file: string): Promise<string> {
  await using handle = await open(file, 'r')
  const { mode, uid } = await handle.stat()
  if ((mode & 0o077) !== 0) throw new Error(`${file} must not be open to others (chmod 600)`)
  if (uid !== 0 && uid !== process.geteuid?.())
    throw new Error(`${file} belongs to uid ${uid}: it must be ours or root's`)
  const secret = (await readFile(handle, 'utf8')).trim()
  if (secret === '') throw new Error(`${file} is empty`)
  return secret
}

/** The state directory: made private, or checked at each start. Whoever can write in it could put another socket, key or database there. */
import { existsSync, lstatSync, statSync } from 'node:fs'
import { makeFolders } from '../core/make-folders.ts'
import { systemErrorWords } from '../core/system-error.ts'

function makeDirectory(path: string, mode: number): void {
  if (existsSync(path)) return
  try {
    makeFolders(path, mode)
  } catch (error) {
    if (existsSync(path)) return // hub and proxy may start in one moment
    if (!(error instanceof Error)) throw error
    const [own, octal] = [process.geteuid?.(), mode.toString(8)]
    throw new Error(
      `${systemErrorWords(error) ?? error.message}. As root make the state directory for this account: install -d -o ${own} -m ${octal} ${path}`,
      { cause: error },
    )
  }
}

/**
 * @param isTraversable jobs of other accounts pass through it to their notes (a local cluster behind sudo): where it is made, they may.
 * @throws {Error} with words for the admin, if it is no directory, belongs to somebody else, or others can write in it or list it.
 */
export function prepareStateDirectory(path: string, isTraversable = false): void {
  makeDirectory(path, isTraversable ? 0o711 : 0o700)
  const { uid, mode } = statSync(path)
  const own = process.geteuid?.()
  const words = `the state directory ${path}`
  if (!statSync(path).isDirectory()) throw new Error(`${words} is not a directory`)
  if (uid !== own)
    throw new Error(`${words} belongs to uid ${uid}, and this is uid ${own}: run as its owner, or chown it`)
  // A link that somebody else may turn round would lead elsewhere tomorrow.
  const { uid: linkOwner } = lstatSync(path)
  if (linkOwner !== own && linkOwner !== 0)
    throw new Error(`${words} is a link of uid ${linkOwner}: name the real path`)
  const octal = (mode & 0o777).toString(8)
  if ((mode & 0o022) !== 0)
    throw new Error(`${words} can be written by others (mode ${octal}). Look who did, then: chmod 700 ${path}`)
  if ((mode & 0o004) !== 0)
    throw new Error(
      `${words} can be listed by others (mode ${octal}): chmod ${((mode & 0o770) | (mode & 0o001)).toString(8)} ${path}`,
    )
}

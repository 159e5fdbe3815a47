/** What a call of the system refused, in words for the person at the terminal. Pure. @see errno(3) */

/** Why something could not be done with a path. */
export const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EEXIST: 'it is there already',
  EACCES: 'this account may not',
  EPERM: 'this account may not',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk does not answer as it should',
}

const verbs: Readonly<Record<string, string>> = {
  open: 'open',
  read: 'read',
  write: 'write',
  scandir: 'list',
  stat: 'look at',
  lstat: 'look at',
  mkdir: 'make',
  rmdir: 'remove',
  unlink: 'remove',
  rm: 'remove',
  rename: 'rename',
  copyfile: 'copy',
  chmod: 'change the mode of',
  chown: 'change the owner of',
}

const textOf = (error: Error, name: string): string | undefined => {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}

/** @returns undefined for an error that is not the system's word about a path. */
export function systemErrorWords(error: Error): string | undefined {
  const [code = '', call = '', path] = [textOf(error, 'code'), textOf(error, 'syscall'), textOf(error, 'path')]
  const reason = reasons[code]
  if (reason === undefined || path === undefined) return undefined
  // A name that was still to be made up says nothing.
  const made = call === 'mkdtemp' ? path.slice(0, path.lastIndexOf('/')) || '/' : null
  return made === null
    ? `cannot ${verbs[call] ?? 'use'} ${path}: ${reason} [${code}]`
    : `cannot write in ${made}: ${reason} [${code}]`
}

/** Where compute nodes may see files too: from this host's mounts. Pure. */

/** File systems that other hosts mount as well. @see proc(5), /proc/PID/mounts */
const shared =
  /^(nfs4?|lustre|gpfs|beegfs|ceph|cifs|smb3|panfs|pvfs2|orangefs|fuse\.(?:ceph|glusterfs|sshfs|juicefs)|glusterfs|afs|9p|wekafs|quobyte)$/

export interface Mount {
  readonly path: string
  readonly type: string
}

/** Octal escapes stand for blanks. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)))

export const sharedMounts = (mounts: string): readonly Mount[] =>
  mounts.split('\n').flatMap((line) => {
    const [, path, type] = line.split(' ')
    return path !== undefined && type !== undefined && shared.test(type) ? [{ path: unescaped(path), type }] : []
  })

/** The mount that a path lies on, if others mount it too. The longest one counts. */
export const sharedMountOf = (path: string, mounts: readonly Mount[]): Mount | null =>
  mounts
    .filter((mount) => path === mount.path || path.startsWith(`${mount.path.replace(/\/$/, '')}/`))
    .sort((a, b) => b.path.length - a.path.length)[0] ?? null

/** Names of folders in which sites keep software. */
const software = /^(apps?|applications|sw|soft|software|opt|shared|share|tools|local|sft|easybuild|spack)$/i

/**
 * Where the agent goes: a shared file system for software, or a place that the caller must make so.
 * @param homes folders of people: not there.
 */
export function agentPlace(
  mounts: readonly Mount[],
  homes: readonly string[],
): { readonly folder: string; readonly mount: Mount | null } {
  const isForHomes = ({ path }: Mount): boolean => homes.some((home) => home === path || home.startsWith(`${path}/`))
  const isPlain = ({ path }: Mount): boolean => /^\/[\w./+-]+$/.test(path)
  const candidates = mounts.filter((mount) => isPlain(mount) && !isForHomes(mount))
  const mount =
    candidates.find(({ path }) => path.split('/').some((part) => software.test(part))) ?? candidates[0] ?? null
  return { folder: mount === null ? '/opt/batchway/agent' : `${mount.path}/batchway/agent`, mount }
}

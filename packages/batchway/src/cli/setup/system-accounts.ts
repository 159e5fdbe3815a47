/** Accounts that are no people's, by the rules of this host. Parsing is pure; `lookAtAccounts` asks the host. */
import { execFileSync } from 'node:child_process'
import { readUidMin } from '../../app/account-check.ts'

export interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly shell: string
  readonly home: string
}

/** @param text lines of passwd(5); what is none is left out. */
export const parsePasswd = (text: string): PasswdEntry[] =>
  text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', , , home = '', shell] = line.split(':')
    return name !== '' && /^\d+$/.test(uid) && shell !== undefined ? [{ name, uid: Number(uid), shell, home }] : []
  })

/** 65534 and 65535 are `nobody`, and the uid that means "leave it" in 16 bits. @see systemd "Users, Groups, UIDs and GIDs" */
export const isSystemUid = (uid: number, uidMin: number): boolean => uid < uidMin || uid === 65_534 || uid === 65_535

export interface HostAccounts {
  readonly uidMin: number
  /** Of this host's files; a directory service that does not enumerate is silent. */
  readonly entries: readonly PasswdEntry[]
  /** Login names in a group, by its list and as primary group; null: there is no such group here. */
  membersOf(group: string): readonly string[] | null
}

function ask(...args: string[]): string {
  try {
    return execFileSync('getent', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })
  } catch {
    return ''
  }
}

export function lookAtAccounts(): HostAccounts {
  const passwd = ask('passwd')
  return {
    uidMin: readUidMin(),
    entries: parsePasswd(passwd),
    membersOf(group) {
      const [, , gid, listed] = ask('group', '--', group).trim().split(':')
      if (gid === undefined) return null
      const primary = passwd
        .split('\n')
        .flatMap((line) => (line.split(':')[3] === gid ? [line.split(':')[0] ?? ''] : []))
      return [...new Set([...(listed ?? '').split(',').filter(Boolean), ...primary])]
    },
  }
}

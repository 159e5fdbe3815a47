/** Gathers what `judge-pam.ts` judges. Asks about no password: a name that was asked about stays in logs, and PAM waits after each. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import type { PamConfig } from '../../core/sign-in-config.ts'
import type { PamFacts } from './judge-pam.ts'
import { nameOfGid } from './look-at-paths.ts'

const patienceMs = 5_000
/** Where PAM looks, in its order. */
const serviceFolders = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/share/pam.d']

/** @returns null if somebody listens; else a code of the system. */
function refusalOf(socket: string): Promise<string | null> {
  return new Promise((resolve) => {
    const connection = connect(socket)
    const done = (code: string | null): void => {
      connection.destroy()
      resolve(code)
    }
    connection.setTimeout(patienceMs, () => done('ETIMEDOUT'))
    connection.once('connect', () => done(null))
    connection.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
  })
}

function folderOf(socket: string): PamFacts['folder'] {
  const path = dirname(socket)
  try {
    const { gid, mode } = statSync(path)
    return { path, group: nameOfGid(gid), isGroups: gid !== 0 && (mode & 0o010) !== 0 }
  } catch {
    return null
  }
}

/** @returns null if no saslauthd is seen: /proc may hide it, or it runs elsewhere. */
function lookForCache(): boolean | null {
  const lines = readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return /(^|\/)saslauthd$/.test(argv[0] ?? '') ? [argv] : []
    } catch {
      return []
    }
  })
  return lines.length === 0 ? null : lines.some((argv) => argv.some((word) => /^-[^-]*c/.test(word)))
}

export async function lookAtPam({ id, service, socket }: PamConfig, hub: string): Promise<PamFacts> {
  return {
    id,
    service,
    socket,
    refusal: await refusalOf(socket),
    folder: folderOf(socket),
    hasService: serviceFolders.some((folder) => existsSync(join(folder, service))),
    caches: lookForCache(),
    hub,
  }
}

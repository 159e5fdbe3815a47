/** Accounting tells by uid who cancelled a job; people know each other by name. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Cluster, JobStatus } from '@batchway/schedulers'
import { BatchwayError } from '../core/errors.ts'

const run = promisify(execFile)

/** Asks the system's name service, getent(1). @returns the name of a uid; the number as it is where nobody here has it. */
export function loginNames(): (uid: string) => Promise<string> {
  const known = new Map<string, string>()
  return async (uid) => {
    const cached = known.get(uid)
    if (cached !== undefined) return cached
    const line = await run('getent', ['passwd', '--', uid]).catch(() => null)
    const name = line?.stdout.split(':')[0] || uid
    known.set(uid, name)
    return name
  }
}

/** The same cluster, whose accounting names people. @param nameOf see `loginNames`. */
export function withLoginNames(cluster: Cluster, nameOf: (uid: string) => Promise<string>): Cluster {
  async function named(status: JobStatus): Promise<JobStatus> {
    const by = status.end?.by
    if (status.end === undefined || by === undefined || !/^\d+$/.test(by)) return status
    return { ...status, end: { ...status.end, by: await nameOf(by) } }
  }
  return {
    ...cluster,
    async history(ids) {
      const found = await cluster.history(ids)
      return new Map(await Promise.all([...found].map(async ([id, status]) => [id, await named(status)] as const)))
    },
    historyByName: async (names, sinceMs) => Promise.all((await cluster.historyByName(names, sinceMs)).map(named)),
  }
}

/**
 * Names of all groups of an account, as id(1) of GNU coreutils tells them.
 * @throws {BatchwayError} `sign_in_unavailable` if they are not told: who is blocked by a group must not come in because a directory is silent.
 */
export async function posixGroupsOf(account: string): Promise<readonly string[]> {
  try {
    // Names may hold blanks, where they come from a directory.
    const { stdout } = await run('id', ['-Gnz', '--', account], { timeout: 10_000 })
    return stdout.split('\0').filter((name) => name !== '')
  } catch (cause) {
    const words = 'Your groups cannot be looked up just now. Nobody was signed in. Tell who runs this gateway.'
    throw new BatchwayError('sign_in_unavailable', words, { cause })
  }
}

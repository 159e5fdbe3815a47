/** Accounting tells by uid who cancelled a job; people know each other by name. */
import type { Cluster, JobStatus } from '@batchway/schedulers'
import type { NameService } from './name-service.ts'

/** @returns the name of a uid; the number as it is where nobody has it, or nobody can tell. */
export function loginNames(names: Pick<NameService, 'findAccount'>): (uid: string) => Promise<string> {
  const known = new Map<string, string>()
  return async (uid) => {
    const cached = known.get(uid)
    if (cached !== undefined) return cached
    const account = await names.findAccount(uid).catch(() => undefined)
    const name = account?.name || uid
    // Who cannot be asked now may be asked later.
    if (account !== undefined) known.set(uid, name)
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

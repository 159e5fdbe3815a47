import { type JobTable, node, nodeCores, nowSeconds } from './job-table.ts'

/** One turn of the scheduler, in the order of submission. The table is locked by the caller. */
export function schedule(table: JobTable): void {
  let free = nodeCores
  for (const { state, cores } of table.all()) if (state === 'R') free -= cores
  for (const job of table.all()) {
    if (job.state !== 'Q') continue
    const { number, cores, memory } = job
    const amounts = `(R: ${cores} A: ${free} T: ${nodeCores})`
    if (cores > nodeCores) {
      // The amounts of a job that can never run are those of an empty node.
      const never = `Can Never Run: Insufficient amount of resource: ncpus (R: ${cores} A: ${nodeCores} T: ${nodeCores})`
      if (job.comment !== never) table.update(number, { comment: never })
    } else if (cores > free) {
      const waits = `Not Running: Insufficient amount of resource: ncpus ${amounts}`
      if (job.comment !== waits) table.update(number, { comment: waits })
    } else {
      free -= cores
      const at = nowSeconds()
      const slots = new Set(table.all().flatMap((other) => (other.state === 'R' ? [other.slot] : [])))
      let slot = 0
      while (slots.has(slot)) slot++
      const vnode = vnodeOf(cores, memory)
      const comment = `Job run at ${dayAndTime(at)} on ${vnode}`
      table.update(number, { state: 'R', substate: 42, startedAt: at, slot, comment })
    }
  }
}

export const vnodeOf = (cores: number, memory: string): string =>
  `(${node}:ncpus=${cores}${memory === '' ? '' : `:mem=${toKilobytes(memory)}kb`})`

/** `500mb` → 512000. */
export function toKilobytes(memory: string): number {
  const [, amount = '0', unit = 'kb'] = /^(\d+)(kb|mb|gb)$/.exec(memory) ?? []
  return Number(amount) * { kb: 1, mb: 1024, gb: 1024 ** 2 }[unit as 'kb' | 'mb' | 'gb']
}

/** `Sun Nov 22 at 09:37`, in UTC. */
const dayAndTime = (at: number): string => {
  const [day, month, date, time = ''] = asctime(at).split(/ +/)
  return `${day} ${month} ${date?.padStart(2, '0')} at ${time.slice(0, 5)}`
}

/** `Sun Nov 22 09:37:23 2026`, in UTC, as ctime(3). */
export function asctime(at: number): string {
  const [, day, date, month, year, time] =
    /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\S+)/.exec(new Date(at * 1000).toUTCString()) ?? []
  return `${day} ${month} ${String(Number(date)).padStart(2, ' ')} ${time} ${year}`
}

import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { node, nodeCores, type Scheduling, schedule as takeTurn } from '../../testing-emulator/schedule.ts'
import type { PbsJob, PbsTable } from './job-table.ts'

const rules: Scheduling<PbsJob> = {
  queued: 'Q',
  running: 'R',
  slot: ({ slot }) => slot,
  start({ cores, memory }, slot) {
    const at = nowSeconds()
    const comment = `Job run at ${dayAndTime(at)} on ${vnodeOf(cores, memory)}`
    return { state: 'R', substate: 41, startedAt: at, slot, comment }
  },
  // The amounts of a job that can never run are those of an empty node.
  wait: ({ cores }, free) => ({
    comment:
      free === 0
        ? 'Not Running: Not enough free nodes available'
        : `${free === null ? 'Can Never Run' : 'Not Running'}: Insufficient amount of resource: ncpus (R: ${cores} A: ${free ?? nodeCores} T: ${nodeCores})`,
  }),
}

/** One turn of the scheduler. The table is locked by the caller. */
export function schedule(table: PbsTable): void {
  for (const { number, state, notBefore } of table.all())
    if (state === 'W' && notBefore <= nowSeconds()) table.update(number, { state: 'Q', substate: 10 })
  takeTurn(table, rules)
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

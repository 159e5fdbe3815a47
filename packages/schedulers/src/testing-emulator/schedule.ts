import { hostname } from 'node:os'
import type { JobTable, TableJob } from './job-table.ts'

/** Processors of an emulator's one node, declared. */
export const nodeCores = 8
/** The one node: this machine, by the name that its jobs see. */
export const node = hostname().replace(/\..*$/, '')

/** What a turn of the scheduler does to jobs, in its own words. */
export interface Scheduling<J extends TableJob> {
  readonly queued: string
  readonly running: string
  /** @param slot the first one that no running job has. */
  start(job: J, slot: number): Partial<J>
  /** @param free cores; null if the node is too small for it, at any time. */
  wait(job: J, free: number | null): Partial<J>
  slot(job: J): number
}

/** One turn of the scheduler: whatever fits is started, in the order of submission. The table is locked by the caller. */
export function schedule<J extends TableJob>(table: JobTable<J>, rules: Scheduling<J>): void {
  const jobs = table.all()
  const running = jobs.filter(({ state }) => state === rules.running)
  const slots = new Set(running.map(rules.slot))
  let free = nodeCores - running.reduce((sum, { cores }) => sum + cores, 0)
  for (const job of jobs.filter(({ state }) => state === rules.queued)) {
    if (job.cores > free) {
      const change = rules.wait(job, job.cores > nodeCores ? null : free)
      if (Object.entries(change).some(([key, value]) => Reflect.get(job, key) !== value))
        table.update(job.number, change)
      continue
    }
    free -= job.cores
    let slot = 0
    while (slots.has(slot)) slot++
    slots.add(slot)
    table.update(job.number, rules.start(job, slot))
  }
}

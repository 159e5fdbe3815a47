import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { dayAndTime } from './attributes.ts'
import type { ServerState, TorqueTable } from './job-table.ts'

const noRoom = 'Not Running: Not enough of the right type of nodes are available'

/** One turn of the scheduler, in the order of submission. The table is locked by the caller. */
export function schedule(table: TorqueTable, state: ServerState): void {
  const { queues } = state
  const started = new Set(queues.filter(({ isStarted }) => isStarted).map(({ name }) => name))
  const at = nowSeconds()
  for (const job of table.all()) {
    if (job.state === 'W' && job.waitsUntil <= at) table.update(job.number, { state: 'Q', eligibleAt: at })
    if (job.state !== 'Q' || job.array !== '' || !started.has(job.queue)) continue
    const slots = freeSlots(table, state).slice(0, job.cores)
    if (slots.length === job.cores) start(table, job.number, slots)
    else if (job.comment !== noRoom) table.update(job.number, { comment: noRoom })
  }
}

export function freeSlots(table: TorqueTable, { cores }: Pick<ServerState, 'cores'>): number[] {
  const taken = new Set(table.all().flatMap(({ state, slots }) => (state === 'R' || state === 'S' ? slots : [])))
  return Array.from({ length: cores }, (_, slot) => slot).filter((slot) => !taken.has(slot))
}

export function start(table: TorqueTable, number: number, slots: readonly number[]): void {
  const at = nowSeconds()
  const startCount = (table.find(number)?.startCount ?? 0) + 1
  table.update(number, { state: 'R', startedAt: at, slots, startCount, comment: `Job started on ${dayAndTime(at)}` })
}

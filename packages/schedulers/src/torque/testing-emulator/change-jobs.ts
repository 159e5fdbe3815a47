/** Commands that change a job: qdel, qhold, qrls, qrun. */

import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { numberOf, type ServerState, type TorqueJob, type TorqueTable } from './job-table.ts'
import { freeSlots, schedule, start } from './schedule.ts'

type Change = (job: TorqueJob, id: string, table: TorqueTable, by: string, server: ServerState) => void

const words: Readonly<Record<string, string>> = { C: 'COMPLETE', E: 'EXITING', R: 'RUNNING', H: 'HELD', Q: 'QUEUED' }

const refusal = (command: string, { state }: TorqueJob, id: string): Failure =>
  new Failure(
    170,
    `${command}: Request invalid for state of job MSG=invalid state for job - ${words[state] ?? state} ${id}`,
  )

const changes: Readonly<Record<string, Change>> = {
  /** A running job ends a moment later. */
  qdel(job, id, table, deletedBy) {
    if (job.state === 'C') throw refusal('qdel', job, id)
    if (job.state === 'R' || job.state === 'S') table.update(job.number, { deletedBy })
    else table.update(job.number, { state: 'C', deletedBy, exitStatus: 271, endedAt: nowSeconds() })
  },
  qhold(job, id, table) {
    if (job.state !== 'Q') throw refusal('qhold', job, id)
    table.update(job.number, { state: 'H', eligibleAt: 0 })
  },
  qrls(job, id, table) {
    if (job.state !== 'H') throw refusal('qrls', job, id)
    table.update(job.number, { state: 'Q', eligibleAt: nowSeconds() })
  },
  /** Starts a job without asking the scheduler. */
  qrun(job, id, table, _, server) {
    if (job.state !== 'Q' && job.state !== 'H') throw refusal('qrun', job, id)
    start(table, job.number, freeSlots(table, server).slice(0, job.cores))
  },
}

/** @throws {Failure} */
export function changeJobs(
  command: string,
  ids: readonly string[],
  table: TorqueTable,
  { account }: Pick<Place, 'account'>,
  state: ServerState,
): void {
  for (const id of ids) {
    table.locked(() => {
      const job = table.find(numberOf(id))
      const isGone = job?.state === 'C' && nowSeconds() - job.endedAt > state.keepCompletedSeconds
      if (job === undefined || isGone) throw new Failure(153, `${command}: nonexistent job id: ${id}`)
      if (job.owner !== account && account !== 'root')
        throw new Failure(159, `${command}: Unauthorized Request  MSG=operation not permitted ${id}`)
      changes[command]?.(job, id, table, account, state)
      schedule(table, state)
    })
  }
}

export const changingCommands = Object.keys(changes)

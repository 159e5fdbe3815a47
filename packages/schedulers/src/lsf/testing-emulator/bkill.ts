import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { isUnfinished, type LsfTable } from './job-table.ts'
import { schedule } from './schedule.ts'

const byOwner = 'TERM_OWNER: job killed by owner.'

/** `bkill ID…`. A running job ends a moment later. @throws {Failure} */
export function bkill(ids: readonly string[], table: LsfTable, { account }: Place): string {
  const said = ids.map((id) =>
    table.locked(() => {
      const job = table.find(idOf(id))
      if (job === undefined) throw new Failure(255, `Job <${id}>: No matching job found`)
      if (job.owner !== account && account !== 'root') throw new Failure(255, `Job <${id}>: User permission denied`)
      if (!isUnfinished(job)) throw new Failure(255, `Job <${id}>: Job has already finished`)
      if (job.state === 'RUN') table.update(job.number, { deletedBy: account })
      else
        table.update(job.number, {
          state: 'EXIT',
          deletedBy: account,
          exitReason: byOwner,
          reason: '',
          endedAt: nowSeconds(),
        })
      schedule(table)
      return `Job <${id}> is being terminated\n`
    }),
  )
  return said.join('')
}

/** @returns -1 for what is no id. */
export const idOf = (id: string): number => (/^\d{1,9}$/.test(id) ? Number(id) : -1)

import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { numberOf, type PbsTable, server } from './job-table.ts'
import { schedule } from './schedule.ts'

/** `qdel ID…`. A running job ends a moment later. @throws {Failure} */
export function qdel(ids: readonly string[], table: PbsTable, { account }: Place): string {
  for (const id of ids) {
    table.locked(() => {
      const job = table.find(numberOf(id))
      if (job === undefined) throw new Failure(153, `qdel: Unknown Job Id ${id}`)
      if (job.owner !== account && account !== 'root') throw new Failure(159, `qdel: Unauthorized Request  ${id}`)
      if (job.state === 'F') throw new Failure(35, `qdel: Job has finished ${id}`)
      const deletedBy = `${account}@${server}`
      if (job.state === 'R' && job.deletedBy !== '') return // it is about to end
      if (job.state === 'R')
        table.update(job.number, { deletedBy, comment: `${job.comment} and terminated by ${deletedBy}` })
      else
        table.update(job.number, {
          state: 'F',
          substate: 91,
          deletedBy,
          exitStatus: 271,
          endedAt: nowSeconds(),
          comment: `${job.comment === '' ? 'Job' : job.comment} and terminated by ${deletedBy}`,
        })
      schedule(table)
    })
  }
  return ''
}

import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { hasEnded, idOf, type MoabTable, numberOf } from './job-table.ts'
import { schedule } from './schedule.ts'

/** `mjobctl -c ID`. A running job ends a moment later. @throws {Failure} */
export function mjobctl(args: readonly string[], table: MoabTable, { account }: Place): string {
  const [option, id = ''] = args
  if (option !== '-c') throw new Failure(1, 'ERROR:    this emulator knows -c alone')
  return table.locked(() => {
    const job = table.find(numberOf(id))
    if (job === undefined || hasEnded(job)) throw new Failure(1, `ERROR:  invalid job specified (${id})`)
    if (job.owner !== account && account !== 'root')
      throw new Failure(1, `ERROR:    user '${account}' is not authorized to cancel job '${id}'`)
    if (job.state === 'Running') table.update(job.number, { deletedBy: account })
    else
      table.update(job.number, {
        state: 'Removed',
        hold: '',
        deletedBy: account,
        completionCode: 'CNCLD',
        endedAt: nowSeconds(),
      })
    schedule(table)
    return `\njob '${idOf(job)}' cancelled\n\n`
  })
}

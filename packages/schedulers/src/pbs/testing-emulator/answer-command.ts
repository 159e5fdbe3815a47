import { nowSeconds } from '../../testing-emulator/job-table.ts'
import { Failure, type Place } from '../../testing-emulator/place.ts'
import { idOf, isIn, type PbsTable, server } from './job-table.ts'
import { printDocument } from './print-jobs.ts'
import { printNode } from './print-server.ts'
import { qdel } from './qdel.ts'
import { qstat } from './qstat.ts'
import { qsub, type Submitted } from './qsub.ts'
import { schedule } from './schedule.ts'

export interface Answer {
  readonly stdout: string
  /** The job that was submitted, and its script: somebody must look after it. */
  readonly submitted?: Submitted
}

export const commandNames = ['qsub', 'qstat', 'qdel', 'pbsnodes']

/** One call of a command. @throws {Failure} with its exit status and what it says. */
export function answerCommand(command: string, args: readonly string[], table: PbsTable, place: Place): Answer {
  if (isIn('down', place.folder)) {
    const words = `Connection refused\n${command}: cannot connect to server ${server} (errno=15010)`
    // qstat prints its document all the same.
    if (command === 'qstat') throw new Failure(255, words, args.includes('json') ? printDocument({}) : '')
    throw new Failure(162, words)
  }
  if (command === 'qsub') {
    const submitted = qsub(args, table, place)
    return { stdout: `${idOf(submitted.job)}\n`, submitted }
  }
  table.locked(() => schedule(table)) // a time that was waited for may have come
  if (command === 'qdel') return { stdout: qdel(args, table, place) }
  if (command === 'qstat') return { stdout: qstat(args, table) }
  if (args.join(' ') !== '-a -F json') throw new Failure(2, 'pbsnodes: this emulator knows -a -F json alone')
  return { stdout: printNode(table.all(), nowSeconds()) }
}

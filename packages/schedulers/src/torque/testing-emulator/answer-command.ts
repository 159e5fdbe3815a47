import { Failure, type Place } from '../../testing-emulator/place.ts'
import { changeJobs, changingCommands } from './change-jobs.ts'
import { idOf, readServer, server, shownJobs, type TorqueTable } from './job-table.ts'
import { printNode } from './print-server.ts'
import { qstat } from './qstat.ts'
import { qsub, type Submitted } from './qsub.ts'
import { schedule } from './schedule.ts'

export interface Answer {
  readonly stdout: string
  /** The job that was submitted, and its script: somebody must look after it. */
  readonly submitted?: Submitted
}

export const commandNames = ['qsub', 'qstat', 'pbsnodes', ...changingCommands]

const cannotConnect = `\nUnable to communicate with ${server}(10.99.0.1)\nCannot connect to specified server host '${server}'.\n`

function refuseConnection(command: string): Failure {
  const refused = `${command}: cannot connect to server ${server} (errno=111) Connection refused`
  return command === 'qstat'
    ? new Failure(111, `${cannotConnect.repeat(3)}${refused}\nqstat: Error (111 - Connection refused) `)
    : new Failure(111, `${cannotConnect}${refused}`)
}

/** One call of a command. @throws {Failure} with its exit status and what it says. */
export function answerCommand(command: string, args: readonly string[], table: TorqueTable, place: Place): Answer {
  const state = readServer(place.folder)
  if (state.is === 'down') throw refuseConnection(command)
  if (command === 'qsub') {
    const submitted = qsub(args, table, place, state)
    return { stdout: `${idOf(submitted.job)}\n`, submitted }
  }
  if (command === 'qstat') {
    table.locked(() => schedule(table, state)) // a time that was waited for may have come
    return { stdout: qstat(args, shownJobs(table, state), state) }
  }
  if (command === 'pbsnodes') return { stdout: printNode(shownJobs(table, state), state.cores) }
  changeJobs(command, args, table, place, state)
  return { stdout: '' }
}

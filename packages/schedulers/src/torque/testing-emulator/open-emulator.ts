import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Emulator, openEmulator } from '../../testing-emulator/open-emulator.ts'
import { commandNames } from './answer-command.ts'
import { newServer, readServer, type ServerState, writeServer } from './job-table.ts'

export interface TorqueEmulator extends Emulator {
  /** Takes the server down, or makes it hang; changes what it is told to be. */
  set(change: Partial<ServerState>): void
  /** Every call so far: account, command, arguments. */
  calls(): string[][]
}

/**
 * A server with one node of eight declared cores, two queues, and no jobs. The first job of a new server is number 0.
 * @param at where it lies, and stays when it is disposed of; a temporary folder if absent.
 */
export function openTorqueEmulator(change: Partial<ServerState> = {}, at?: string): TorqueEmulator {
  const program = new URL('./bin.ts', import.meta.url)
  const emulator = openEmulator({
    program,
    commands: commandNames,
    firstNumber: 0,
    ...(at !== undefined && { folder: at }),
  })
  const { folder } = emulator
  writeServer(folder, { ...newServer(), ...change })
  const log = join(folder, 'calls.log')
  writeFileSync(log, '')
  chmodSync(log, 0o666)
  return {
    ...emulator,
    set: (next) => writeServer(folder, { ...readServer(folder), ...next }),
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): string[] => JSON.parse(line)),
  }
}

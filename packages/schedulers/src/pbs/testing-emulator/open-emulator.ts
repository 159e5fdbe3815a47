import { type Emulator, openEmulator } from '../../testing-emulator/open-emulator.ts'
import { commandNames } from './answer-command.ts'

/** A server with one node of eight declared cores, and no jobs. The first job of a new server is number 0. */
export const openPbsEmulator = (): Emulator =>
  openEmulator({ program: new URL('./bin.ts', import.meta.url), commands: commandNames, firstNumber: 0 })

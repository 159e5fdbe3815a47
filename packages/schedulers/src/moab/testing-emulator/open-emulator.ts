import { type Emulator, openEmulator } from '../../testing-emulator/open-emulator.ts'

/** A server with one node of eight declared processors, and no jobs. */
export const openMoabEmulator = (): Emulator =>
  openEmulator({
    program: new URL('./bin.ts', import.meta.url),
    commands: ['msub', 'mdiag', 'showq', 'mjobctl'],
    firstNumber: 1,
  })

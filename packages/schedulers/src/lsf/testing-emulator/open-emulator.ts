import { type Emulator, openEmulator } from '../../testing-emulator/open-emulator.ts'

/** A cluster with one host of eight declared slots, and no jobs. */
export const openLsfEmulator = (): Emulator =>
  openEmulator({
    program: new URL('./bin.ts', import.meta.url),
    commands: ['bsub', 'bjobs', 'bkill', 'bhist'],
    firstNumber: 101,
  })

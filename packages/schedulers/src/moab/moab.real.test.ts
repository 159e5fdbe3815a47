/** Runs the contract against the emulator in `testing-emulator/`, as two accounts: Moab cannot be installed where these tests run. */

import { driverContract } from '../testing.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { moab } from './moab.ts'
import { openMoabEmulator } from './testing-emulator/open-emulator.ts'

driverContract('moab (emulator)', async () => ({
  ...(await emulatedBed({ driver: moab, emulator: openMoabEmulator() })),
  refused: { options: { queue: 'nosuch' }, words: /^job rejected: class 'nosuch' does not exist$/ },
  pending: { resources: { cores: 64 } },
}))

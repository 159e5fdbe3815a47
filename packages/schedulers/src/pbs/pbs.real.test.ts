/** Runs the contract against the emulator in `testing-emulator/`, as two accounts: PBS cannot be installed where these tests run. */

import { driverContract } from '../testing.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { pbs } from './pbs.ts'
import { openPbsEmulator } from './testing-emulator/open-emulator.ts'

driverContract('pbs (emulator)', async () => ({
  ...(await emulatedBed({ driver: pbs, emulator: openPbsEmulator() })),
  refused: { options: { queue: 'nosuch' }, words: /^Unknown queue$/ },
  pending: { resources: { cores: 64 } },
}))

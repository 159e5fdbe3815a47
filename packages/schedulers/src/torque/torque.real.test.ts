/** Runs the contract against the emulator in `testing-emulator/`, as two accounts: Torque cannot be installed where these tests run. */

import { driverContract } from '../testing.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { openTorqueEmulator } from './testing-emulator/open-emulator.ts'
import { torque } from './torque.ts'

driverContract('torque (emulator)', async () => {
  const queues = ['batch', 'closed'].map((name) => ({ name, isStarted: name === 'batch' }))
  return {
    ...(await emulatedBed({ driver: torque, emulator: openTorqueEmulator({ queues }) })),
    refused: { options: { queue: 'nosuch' }, words: /Unknown queue MSG=requested queue not found/ },
    pending: { options: { queue: 'closed' } },
  }
})

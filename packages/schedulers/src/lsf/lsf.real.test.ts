/** Runs the contract against the emulator in `testing-emulator/`, as two accounts: LSF cannot be installed where these tests run. */

import { driverContract } from '../testing.ts'
import { emulatedBed } from '../testing-emulator/emulated-bed.ts'
import { lsf } from './lsf.ts'
import { openLsfEmulator } from './testing-emulator/open-emulator.ts'

/** LSF's own report stands before what a job prints. */
const withoutReport = (text: string): string =>
  /^The output \(if any\) follows:\n\n([\s\S]*)\n$/m.exec(text)?.[1] ?? text

driverContract('lsf (emulator)', async () => ({
  ...(await emulatedBed({
    driver: lsf,
    emulator: openLsfEmulator(),
    readOutput: withoutReport,
  })),
  refused: { options: { queue: 'nosuch' }, words: /^nosuch: No such queue\. Job not submitted\.$/ },
  pending: { resources: { cores: 64 } },
}))

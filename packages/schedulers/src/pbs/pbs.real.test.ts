/** Runs the contract against the emulator in `testing-emulator/`, as two accounts: PBS cannot be installed where these tests run. */
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster } from '../cluster.ts'
import { logReaderProgram } from '../read-log.ts'
import { driverContract } from '../testing.ts'
import { sudoTransport } from '../transport.ts'
import { pbs } from './pbs.ts'
import { openPbsEmulator } from './testing-emulator/open-emulator.ts'

const canary = { name: 'PBS_CANARY', value: 'canary-90a1f2' }
const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

driverContract('pbs (emulator)', async () => {
  const emulator = openPbsEmulator()
  const workdir = await mkdtemp(join(tmpdir(), 'batchway-pbs-jobs-'))
  await chmod(workdir, 0o755)
  await chown(workdir, uidOf('alice'), 0)
  const logReader = join(workdir, 'log-reader')
  await writeFile(logReader, logReaderProgram, { mode: 0o755 })
  const cluster = openCluster({
    key: 'emulated',
    driver: pbs,
    transport: sudoTransport(),
    settings: { commandDirectory: emulator.commands },
    environment: { ...process.env, [canary.name]: canary.value },
    logReader,
  })
  return {
    cluster,
    canary,
    account: 'alice',
    stranger: 'bob',
    workdir,
    readFile: (path: string) => readFile(path, 'utf8').catch(() => null),
    refused: { options: { queue: 'nosuch' }, words: /^Unknown queue$/ },
    pending: { resources: { cores: 64 } },
    close: async () => {
      emulator[Symbol.dispose]()
      await rm(workdir, { recursive: true, force: true })
    },
  }
})

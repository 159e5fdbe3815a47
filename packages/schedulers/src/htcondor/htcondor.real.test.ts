/** Runs the contract, and what only a real HTCondor can show, against the bench's pool, as two accounts. */
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster } from '../cluster.ts'
import { logReaderProgram } from '../read-log.ts'
import { driverContract } from '../testing.ts'
import { sudoTransport } from '../transport.ts'
import { htcondor } from './htcondor.ts'

const commands = process.env.TEST_HTCONDOR_BIN ?? '/var/tmp/batchway-bench/htcondor/bin'
const canary = { name: 'CONDOR_CANARY', value: 'canary-41c7d0' }
const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

driverContract('htcondor', async () => {
  const workdir = await mkdtemp(join(tmpdir(), 'batchway-htcondor-'))
  await chmod(workdir, 0o755)
  await chown(workdir, uidOf('alice'), 0)
  const logReader = join(workdir, 'log-reader')
  await writeFile(logReader, logReaderProgram, { mode: 0o755 })
  return {
    cluster: openCluster({
      key: 'pool',
      driver: htcondor,
      transport: sudoTransport(),
      settings: { commandDirectory: commands },
      environment: { ...process.env, [canary.name]: canary.value },
      logReader,
    }),
    canary,
    account: 'alice',
    stranger: 'bob',
    workdir,
    readFile: (path: string) => readFile(path, 'utf8').catch(() => null),
    refused: { resources: { memoryMiB: 999_999 }, words: /^No job may ask for more than 500000 MB of memory here$/ },
    pending: { resources: { cores: 64 } },
    close: () => rm(workdir, { recursive: true, force: true }),
  }
})

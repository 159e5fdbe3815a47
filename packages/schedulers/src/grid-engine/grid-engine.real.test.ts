/** Runs the contract against a real Grid Engine: the bench's private cell, as two accounts by sudo. */
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster } from '../cluster.ts'
import { logReaderProgram } from '../read-log.ts'
import { driverContract } from '../testing.ts'
import { sudoTransport } from '../transport.ts'
import { gridEngine } from './grid-engine.ts'

const commands = join(process.env.BATCHWAY_BENCH ?? '/var/tmp/batchway-bench', 'gridengine/commands')
const canary = { name: 'SGE_CLUSTER_NAME', value: 'canary-4c81d0' }
const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

driverContract('grid-engine', async () => {
  const workdir = await mkdtemp(join(tmpdir(), 'batchway-grid-jobs-'))
  await chmod(workdir, 0o755)
  await chown(workdir, uidOf('alice'), 0)
  const logReader = join(workdir, 'log-reader')
  await writeFile(logReader, logReaderProgram, { mode: 0o755 })
  const cluster = openCluster({
    key: 'bench',
    driver: gridEngine,
    transport: sudoTransport(),
    settings: { commandDirectory: commands, memoryResource: 'ram', verify: true },
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
    refused: { options: { queue: 'nosuch' }, words: /^Job was rejected because job requests unknown queue "nosuch"$/ },
    pending: { options: { queue: 'closed.q' } },
    close: () => rm(workdir, { recursive: true, force: true }),
  }
})

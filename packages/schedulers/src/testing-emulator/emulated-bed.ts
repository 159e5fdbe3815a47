import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCluster } from '../cluster.ts'
import type { Driver } from '../driver.ts'
import { logReaderProgram } from '../read-log.ts'
import type { ContractBed } from '../testing.ts'
import { sudoTransport } from '../transport.ts'
import type { Emulator } from './open-emulator.ts'

const uidOf = (account: string): number => Number(execFileSync('id', ['-u', account], { encoding: 'utf8' }))

export interface EmulatedBedParts {
  readonly driver: Driver
  /** Taken down with the bed. */
  readonly emulator: Emulator
  /** Beside `commandDirectory`. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** In place of both. */
  readonly wholeSettings?: Readonly<Record<string, unknown>>
  /** What a job has printed, of what stands in its output file. */
  readonly readOutput?: (text: string) => string
}

/** The contract's bed on an emulator: jobs of alice, and bob as the stranger, both by sudo. */
export async function emulatedBed(parts: EmulatedBedParts): Promise<Omit<ContractBed, 'refused' | 'pending'>> {
  const { driver, emulator, settings = {}, readOutput = (text: string) => text } = parts
  const canary = { name: `${driver.id.toUpperCase()}_CANARY`, value: 'canary-90a1f2' }
  const workdir = await mkdtemp(join(tmpdir(), 'batchway-emulated-jobs-'))
  await chmod(workdir, 0o755)
  await chown(workdir, uidOf('alice'), 0)
  const logReader = join(workdir, 'log-reader')
  await writeFile(logReader, logReaderProgram, { mode: 0o755 })
  const cluster = openCluster({
    key: 'emulated',
    driver,
    transport: sudoTransport(),
    settings: parts.wholeSettings ?? { commandDirectory: emulator.commands, ...settings },
    environment: { ...process.env, [canary.name]: canary.value },
    logReader,
  })
  return {
    cluster,
    canary,
    account: 'alice',
    stranger: 'bob',
    workdir,
    readFile: (path: string) => readFile(path, 'utf8').then(readOutput, () => null),
    close: async () => {
      emulator[Symbol.dispose]()
      await rm(workdir, { recursive: true, force: true })
    },
  }
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bench, openBench } from './contract/bench.ts'
import { peopleStoresContract } from './contract/people-stores.contract.ts'
import { sessionStoreContract } from './contract/session-store.contract.ts'

const inMemory = (): Promise<Bench> => openBench('sqlite::memory:', async () => {})

async function inFile(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'batchway-store-'))
  return openBench(`sqlite:${join(directory, 'hub.db')}`, () => rm(directory, { recursive: true }))
}

for (const [name, open, shared] of [
  ['SQLite in memory', inMemory, false],
  ['SQLite in a file', inFile, true],
] as const) {
  sessionStoreContract(name, open, shared)
  peopleStoresContract(name, open, shared)
}

import { administrationContract } from './contract/administration.contract.ts'
import { auditStoreContract } from './contract/audit-store.contract.ts'
import { openBench } from './contract/bench.ts'
import { filePlace } from './contract/file-place.ts'
import { migrateContract } from './contract/migrate.contract.ts'
import { pastStoreContract } from './contract/past-store.contract.ts'
import { peopleStoresContract } from './contract/people-stores.contract.ts'
import { reportStoreContract } from './contract/report-store.contract.ts'
import { revokedStoreContract } from './contract/revoked-store.contract.ts'
import { sessionStoreContract } from './contract/session-store.contract.ts'
import { shareStoreContract } from './contract/share-store.contract.ts'

const inMemory = () => openBench({ url: 'sqlite::memory:', [Symbol.asyncDispose]: async () => {} })
const inFile = async () => openBench(await filePlace())

migrateContract('SQLite', filePlace)
for (const [name, open, shared] of [
  ['SQLite in memory', inMemory, false],
  ['SQLite in a file', inFile, true],
] as const) {
  sessionStoreContract(name, open, shared)
  peopleStoresContract(name, open, shared)
  auditStoreContract(name, open)
  administrationContract(name, open)
  revokedStoreContract(name, open)
  pastStoreContract(name, open)
  shareStoreContract(name, open)
  reportStoreContract(name, open)
}

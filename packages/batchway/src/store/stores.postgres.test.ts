import { administrationContract } from './contract/administration.contract.ts'
import { auditStoreContract } from './contract/audit-store.contract.ts'
import { migrateContract } from './contract/migrate.contract.ts'
import { pastStoreContract } from './contract/past-store.contract.ts'
import { peopleStoresContract } from './contract/people-stores.contract.ts'
import { postgresBench, postgresPlace } from './contract/postgres-place.ts'
import { reportStoreContract } from './contract/report-store.contract.ts'
import { revokedStoreContract } from './contract/revoked-store.contract.ts'
import { sessionStoreContract } from './contract/session-store.contract.ts'
import { shareStoreContract } from './contract/share-store.contract.ts'

migrateContract('PostgreSQL', postgresPlace)
sessionStoreContract('PostgreSQL', postgresBench, true)
peopleStoresContract('PostgreSQL', postgresBench, true)
auditStoreContract('PostgreSQL', postgresBench)
revokedStoreContract('PostgreSQL', postgresBench)
pastStoreContract('PostgreSQL', postgresBench)
shareStoreContract('PostgreSQL', postgresBench)
reportStoreContract('PostgreSQL', postgresBench)
administrationContract('PostgreSQL', postgresBench)

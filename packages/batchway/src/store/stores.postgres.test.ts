import { peopleStoresContract } from './contract/people-stores.contract.ts'
import { postgresBench } from './contract/postgres-bench.ts'
import { sessionStoreContract } from './contract/session-store.contract.ts'

sessionStoreContract('PostgreSQL', postgresBench, true)
peopleStoresContract('PostgreSQL', postgresBench, true)

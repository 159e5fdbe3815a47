import { openExistingContract } from './contract/open-existing.contract.ts'
import { postgresPlace } from './contract/postgres-place.ts'

openExistingContract('PostgreSQL', postgresPlace)

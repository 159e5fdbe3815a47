/** All steps in order; the position is the version number. Append only. */
import type { Migration } from '../migrate.ts'
import { first } from './0001-first.ts'

export const migrations: readonly Migration[] = [first]

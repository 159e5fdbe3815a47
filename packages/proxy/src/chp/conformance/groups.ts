import { listenerGroups } from './listener-rows.ts'
import { optionGroups } from './option-rows.ts'
import { restGroup } from './rest-rows.ts'
import type { Group } from './row.ts'

/** The whole table. docs/reference/differences-from-chp.md is made from it. */
export const groups: readonly Group[] = [restGroup, ...optionGroups, ...listenerGroups]

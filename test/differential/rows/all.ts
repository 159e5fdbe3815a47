/** Every request of the comparison, in the order in which both sides are asked. A new part is a file beside this one and a line here. */
import type { Row } from '../row.ts'
import { methods } from './methods.ts'
import { oauth } from './oauth.ts'
import { activities, groups, services, tokens, users } from './people.ts'
import { reading } from './reading.ts'
import { servers } from './servers.ts'
import { shares } from './shares.ts'

export const allRows: readonly Row[] = [
  ...reading,
  ...methods,
  ...activities,
  ...tokens,
  ...servers,
  ...shares,
  ...oauth,
  ...groups,
  ...services,
  ...users,
]

/** The model of one session: its world, the moves of everybody in it, and what must hold. */
import type { Findings, Model } from './explore.ts'
import { explore } from './explore.ts'
import { hubMoves } from './hub-moves.ts'
import { invariants } from './invariants.ts'
import type { Kind } from './moves.ts'
import { outsideMoves } from './outside-moves.ts'
import { type Rules, rules } from './rules.ts'
import { type Budget, firstWorld, keyOf, tidy, type World } from './world.ts'

const sessionModel = (budget: Budget, by: Rules = rules): Model<World, Kind> => ({
  ...invariants,
  initial: firstWorld(budget),
  next: (world) => [...hubMoves(world, by), ...outsideMoves(world, by)].map((each) => ({ ...each, to: tidy(each.to) })),
  key: keyOf,
})

export const checkSession = (budget: Budget, maxStates: number, by: Rules = rules): Findings =>
  explore(sessionModel(budget, by), { maxStates })

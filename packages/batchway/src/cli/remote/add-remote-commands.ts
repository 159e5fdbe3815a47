/** The commands that need nothing of a hub but its address and a token. */
import type { Command } from 'commander'
import { addGroupCommands } from './group-commands.ts'
import { addNoticeCommands } from './notice-commands.ts'
import { addServerCommands } from './server-commands.ts'
import { addServiceCommands } from './service-commands.ts'
import { realSurroundings, type Surroundings } from './surroundings.ts'
import { addTokenCommands } from './token-commands.ts'
import { addUserCommands } from './user-commands.ts'

export function addRemoteCommands(program: Command, here: Surroundings = realSurroundings()): void {
  for (const add of [
    addUserCommands,
    addGroupCommands,
    addTokenCommands,
    addServerCommands,
    addServiceCommands,
    addNoticeCommands,
  ])
    add(program, here)
}

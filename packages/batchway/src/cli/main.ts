#!/usr/bin/env node
/** The command `batchway`. The only file here that touches exit codes; each command is a file of its own. */
import { Command } from 'commander'
import { version } from '../app/version.ts'
import { addAgentCommand } from './agent-command.ts'
import { addAuditCommand } from './audit-command.ts'
import { addConfigCommands } from './config-commands.ts'
import { addDoctorCommand } from './doctor-command.ts'
import { addFrontConfigCommand } from './front-config-command.ts'
import { addHubCommand } from './hub-command.ts'
import { addLinkCommand } from './link-command.ts'
import { addProxyCommand } from './proxy-command.ts'
import { addSetupCommand } from './setup-command.ts'
import { addStartCommand } from './start-command.ts'
import { addWhoCommand } from './who-command.ts'

const program = new Command('batchway')
  .description('A gateway for interactive supercomputing')
  .version(version)
  .showHelpAfterError('(batchway --help shows what there is)')
  .configureHelp({ sortSubcommands: true })
for (const add of [
  addStartCommand,
  addHubCommand,
  addProxyCommand,
  addLinkCommand,
  addAuditCommand,
  addAgentCommand,
  addConfigCommands,
  addDoctorCommand,
  addSetupCommand,
  addWhoCommand,
  addFrontConfigCommand,
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  // Words for a person; a stack only for what we did not foresee.
  const isMistake = error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError
  const words = error instanceof Error ? (isMistake ? (error.stack ?? error.message) : error.message) : String(error)
  process.stderr.write(`batchway: ${words}\n`)
  process.exitCode = 1
}

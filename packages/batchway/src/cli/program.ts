/** All commands, as data: what runs them, what documents them and what tests them build it here. */
import { Command } from 'commander'
import { version } from '../app/version.ts'
import { addAgentCommand } from './agent-command.ts'
import { addAuditCommand } from './audit-command.ts'
import { addConfigCommands } from './config-commands.ts'
import { addDoctorCommand } from './doctor-command.ts'
import { addFrontConfigCommand } from './front-config-command.ts'
import { addHubCommand } from './hub-command.ts'
import { addImportCommand } from './import/import-command.ts'
import { addLinkCommand } from './link-command.ts'
import { addProxyCommand } from './proxy-command.ts'
import { addRemoteCommands } from './remote/add-remote-commands.ts'
import { addReportCommand } from './report-command.ts'
import { addSetupCommand } from './setup-command.ts'
import { addStartCommand } from './start-command.ts'
import { addWhoCommand } from './who-command.ts'

export function makeProgram(): Command {
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
    addReportCommand,
    addFrontConfigCommand,
    addImportCommand,
  ])
    add(program)
  addRemoteCommands(program)
  return program
}

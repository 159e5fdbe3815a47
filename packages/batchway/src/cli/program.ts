/** All commands, as data: what runs them, what documents them and what tests them build it here. */
import { Command } from 'commander'
import { version } from '../app/version.ts'

type Add = (program: Command) => void

/**
 * What each word is and does is loaded when it was said: a hub lives for months, and what doctor and the remote commands bring along would
 * be in its memory all the while.
 */
const commands = {
  start: async () => (await import('./start-command.ts')).addStartCommand,
  init: async () => (await import('./init-command.ts')).addInitCommand,
  hub: async () => (await import('./hub-command.ts')).addHubCommand,
  proxy: async () => (await import('./proxy-command.ts')).addProxyCommand,
  link: async () => (await import('./link-command.ts')).addLinkCommand,
  audit: async () => (await import('./audit-command.ts')).addAuditCommand,
  agent: async () => (await import('./agent-command.ts')).addAgentCommand,
  config: async () => (await import('./config-commands.ts')).addConfigCommands,
  doctor: async () => (await import('./doctor-command.ts')).addDoctorCommand,
  setup: async () => (await import('./setup-command.ts')).addSetupCommand,
  who: async () => (await import('./who-command.ts')).addWhoCommand,
  report: async () => (await import('./report-command.ts')).addReportCommand,
  'front-config': async () => (await import('./front-config-command.ts')).addFrontConfigCommand,
  theme: async () => (await import('./theme-command.ts')).addThemeCommand,
  import: async () => (await import('./import/import-command.ts')).addImportCommand,
  install: async () => (await import('./install/install-command.ts')).addInstallCommands,
  versions: async () => (await import('./install/install-command.ts')).addInstallCommands,
  backup: async () => (await import('./backup/backup-command.ts')).addBackupCommands,
  restore: async () => (await import('./backup/backup-command.ts')).addBackupCommands,
} satisfies Record<string, () => Promise<Add>>

const isOne = (word: string | undefined): word is keyof typeof commands =>
  word !== undefined && Object.hasOwn(commands, word)

/** @param word the command that was asked for, if the rest need not be known. Anything else than one of ours gives all of them. */
export async function makeProgram(word?: string): Promise<Command> {
  const program = new Command('batchway')
    .description('A gateway for interactive supercomputing')
    .version(version)
    .showHelpAfterError('(batchway --help shows what there is)')
    .configureHelp({ sortSubcommands: true })
  if (isOne(word)) (await commands[word]())(program)
  else {
    // Two words may come from one file.
    const adders = new Set(await Promise.all(Object.values(commands).map((load) => load())))
    for (const add of adders) add(program)
    ;(await import('./remote/add-remote-commands.ts')).addRemoteCommands(program)
  }
  return program
}

import { type Command, InvalidArgumentError, Option } from 'commander'
import { configOption } from './load-site.ts'
import { startGateway } from './start/start-gateway.ts'
import { startPersonal } from './start/start-personal.ts'

const toPort = (text: string): number => {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('write a port from 1 to 65535')
  return port
}

const toBasePath = (text: string): string => {
  const path = `/${text.split('/').filter(Boolean).join('/')}/`.replace('//', '/')
  if (!/^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)*$/.test(path))
    throw new InvalidArgumentError('write a path of letters, digits, "-", "_" and ".", e.g. "/jupyter/"')
  return path
}

export interface StartOptions {
  readonly config?: string
  readonly user?: string
  readonly port?: number
  readonly basePath: string
  readonly state?: string
  readonly install: boolean
  readonly yes?: boolean
  /** Set by the starter that runs as root: do not install, end with a code of its own if Jupyter is missing. */
  readonly reportMissing?: boolean
}

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run proxy and hub together, to try it out; without --config a personal gateway for one user')
    .option(...configOption)
    .option('--user <name>', 'as root: whom to serve (else $SUDO_USER, else an account batchway-demo is made)')
    .option('--port <port>', 'port for the browser (else 8000, or the next free one)', toPort)
    .option('--base-path <path>', 'path prefix, e.g. /jupyter/', toBasePath, '/')
    .option('--state <directory>', 'where to keep state (else ~/.local/state/batchway)')
    .option('--no-install', 'never install what is missing')
    .option('-y, --yes', 'install what is missing without asking')
    .addOption(new Option('--report-missing').hideHelp())
    .action(async (options: StartOptions) => {
      // An explicit configuration means a site; nothing is guessed or installed then.
      if (options.config ?? process.env.BATCHWAY_CONFIG) await startGateway(options.config)
      else await startPersonal(options)
    })
}

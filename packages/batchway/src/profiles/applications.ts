/** The kinds of application that the site may offer, with what each needs to run behind an agent. */
import type { ApplicationConfig } from '../core/config.ts'
import type { Application } from './spec.ts'

interface Kind {
  readonly title: string
  readonly access: Application['access']
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly open: string
  readonly health: string
  readonly activity: NonNullable<Application['activity']>
}

/**
 * Arguments of a Jupyter server that knows nothing of a hub. Notebook before 7 calls the same settings by its own name.
 * The last one makes JupyterLab's pages those of a server under a hub: they link to the home page, offer a restart when the session
 * has ended, and leave out the server's token, which JupyterLab would otherwise write into the addresses of its WebSockets.
 */
export const plainJupyterArguments = (app: 'ServerApp' | 'NotebookApp'): readonly string[] => [
  '--no-browser',
  `--${app}.ip=127.0.0.1`,
  `--${app}.port={port}`,
  `--${app}.port_retries=0`,
  `--${app}.base_url={prefix}`,
  // The agent stands in front: it checks the visitor, and its proxy's host name is not this server's.
  `--${app}.allow_remote_access=True`,
  ...(app === 'ServerApp'
    ? ["--ServerApp.tornado_settings={'hub_prefix': '{hub_prefix}', 'hub_host': '{hub_host}', 'user': ''}"]
    : []),
]

const kinds: Readonly<Record<ApplicationConfig['kind'], Kind>> = {
  'jupyterhub-singleuser': {
    title: 'Jupyter',
    access: 'hub-aware',
    command: ['jupyterhub-singleuser'],
    environment: {},
    open: '',
    health: 'api',
    activity: 'jupyter',
  },
  jupyter: {
    title: 'Jupyter',
    access: 'gated',
    command: ['jupyter-lab', ...plainJupyterArguments('ServerApp')],
    // By environment, not argv: a command line is readable by everyone on the node.
    environment: { JUPYTER_TOKEN: '{app_token}' },
    open: 'lab',
    health: 'api',
    activity: 'jupyter',
  },
  command: {
    title: 'Application',
    access: 'gated',
    command: [],
    environment: {},
    open: '',
    health: '',
    activity: 'traffic',
  },
}

export function toApplication(key: string, config: ApplicationConfig): Application {
  const kind = kinds[config.kind]
  return {
    key,
    title: config.title ?? kind.title,
    access: kind.access,
    argv: config.command ?? kind.command,
    environment: { ...kind.environment, ...config.environment },
    directory: config.directory,
    healthPath: config.health ?? kind.health,
    openPath: config.open ?? kind.open,
    modules: config.modules,
    prologue: config.prologue,
    activity: kind.activity,
  }
}

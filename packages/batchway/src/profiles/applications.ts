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
}

const kinds: Readonly<Record<ApplicationConfig['kind'], Kind>> = {
  'jupyterhub-singleuser': {
    title: 'Jupyter',
    access: 'hub-aware',
    command: ['jupyterhub-singleuser'],
    environment: {},
    open: '',
    health: 'api',
  },
  jupyter: {
    title: 'Jupyter',
    access: 'gated',
    command: [
      'jupyter-lab',
      '--no-browser',
      '--ServerApp.ip=127.0.0.1',
      '--ServerApp.port={port}',
      '--ServerApp.port_retries=0',
      '--ServerApp.base_url={prefix}',
      // The agent stands in front: it checks the visitor, and its proxy's host name is not this server's.
      '--ServerApp.allow_remote_access=True',
    ],
    // By environment, not argv: a command line is readable by everyone on the node.
    environment: { JUPYTER_TOKEN: '{app_token}' },
    open: 'lab',
    health: 'api',
  },
  command: { title: 'Application', access: 'gated', command: [], environment: {}, open: '', health: '' },
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
  }
}

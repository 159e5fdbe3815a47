/** Profiles whose application serves pages and believes everything: what attacks are tried from and against. */
import { renameSync, writeFileSync } from 'node:fs'
import { programText } from './as-person.ts'

const program = '/var/tmp/batchway-bench/page-server.py'

/**
 * Adds `slurm-pages` and `local-pages`, `blind-pages`, whose jobs never find the hub, and `slurm-private`, where the same program listens
 * on a private socket.
 */
export function withPages(config: Record<string, unknown>): void {
  const { applications, profiles, clusters } = config
  if (typeof applications !== 'object' || !Array.isArray(profiles) || typeof clusters !== 'object' || clusters === null)
    throw new TypeError('not the configuration of a site')
  // Other sites may start it at this moment.
  writeFileSync(`${program}.${process.pid}`, programText('page-server.py'), { mode: 0o644 })
  renameSync(`${program}.${process.pid}`, program)
  config.applications = {
    ...applications,
    pages: {
      kind: 'command',
      title: 'Pages',
      command: ['/usr/bin/python3', '-I', program, '{port}'],
      environment: { KEY: '{app_token}' },
    },
    private: {
      kind: 'command',
      title: 'Private pages',
      command: ['/usr/bin/python3', '-I', program, '{socket}'],
      environment: { KEY: '{app_token}', APP_SOCKET: '{socket}' },
    },
  }
  const slurm = 'slurm' in clusters && typeof clusters.slurm === 'object' ? clusters.slurm : {}
  config.clusters = { ...clusters, blind: { ...slurm, hubUrl: 'http://127.0.0.1:9/' } }
  const resources = { cores: 1, memory: '300M', walltime: '20m' }
  for (const cluster of ['slurm', 'local', 'blind'])
    profiles.push({
      key: `${cluster}-pages`,
      title: `Pages, ${cluster}`,
      cluster,
      application: 'pages',
      resources,
      ...(cluster !== 'local' && { options: { partition: 'batch' } }),
    })
  profiles.push({
    key: 'slurm-private',
    title: 'Private pages',
    cluster: 'slurm',
    application: 'private',
    resources,
    options: { partition: 'batch' },
  })
}

/** A profile whose application answers with what it was sent: a program in two processes, on Slurm or here. */
import { renameSync, writeFileSync } from 'node:fs'
import { programText } from './as-person.ts'

const program = '/var/tmp/batchway-bench/two-part-server.py'

/** Adds the profiles `slurm-echo` and `local-echo`. */
export function withEcho(config: Record<string, unknown>): void {
  const { applications, profiles } = config
  if (typeof applications !== 'object' || !Array.isArray(profiles))
    throw new TypeError('not the configuration of a site')
  // Other sites may start it at this moment.
  writeFileSync(`${program}.${process.pid}`, programText('two-part-server.py'), { mode: 0o644 })
  renameSync(`${program}.${process.pid}`, program)
  config.applications = {
    ...applications,
    echo: {
      kind: 'command',
      title: 'Echo',
      command: ['/usr/bin/python3', program, '{port}'],
      environment: { KEY: '{app_token}' },
    },
  }
  const resources = { cores: 1, memory: '300M', walltime: '10m' }
  config.profiles = [
    ...profiles,
    {
      key: 'slurm-echo',
      title: 'Echo there',
      cluster: 'slurm',
      application: 'echo',
      resources,
      options: { partition: 'batch' },
    },
    { key: 'local-echo', title: 'Echo here', cluster: 'local', application: 'echo', resources },
  ]
}

/** A profile whose application plays the enemy of whoever visits it: `local-stage`. */
import { renameSync, writeFileSync } from 'node:fs'
import { programText } from './as-person.ts'

const program = '/var/tmp/batchway-bench/stage-app.py'

export function withStage(config: Record<string, unknown>): void {
  const { applications, profiles } = config
  if (typeof applications !== 'object' || !Array.isArray(profiles))
    throw new TypeError('not the configuration of a site')
  // Other sites may start it at this moment.
  writeFileSync(`${program}.${process.pid}`, programText('stage-app.py'), { mode: 0o644 })
  renameSync(`${program}.${process.pid}`, program)
  const command = ['/usr/bin/python3', program, '{port}']
  config.applications = { ...applications, stage: { kind: 'command', title: 'Stage', command } }
  const resources = { cores: 1, memory: '300M', walltime: '10m' }
  config.profiles = [
    ...profiles,
    { key: 'local-stage', title: 'Stage here', cluster: 'local', application: 'stage', resources },
  ]
}

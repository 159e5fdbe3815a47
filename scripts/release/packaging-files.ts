/** Files for the host's administrator, for a site laid out as the documents say. Another site makes its own: `batchway setup`. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { logReaderName } from '../../packages/batchway/src/app/open-clusters.ts'
import { sudoersFile } from '../../packages/batchway/src/cli/setup/sudoers.ts'
import {
  hubUnit,
  proxyUnit,
  reportTimer,
  reportUnit,
  sysusers,
  target,
  tmpfiles,
  type UnitFacts,
} from '../../packages/batchway/src/cli/setup/units.ts'
import { copiedFile, type ReleaseFile, textFile } from './release-file.ts'

const prefix = '/opt/batchway'
const group = 'batchway-users'

/** A site on Slurm by its commands, sudo, and ports above 1024. */
const facts: UnitFacts = {
  instance: null,
  account: 'batchway',
  program: [`${prefix}/current/bin/batchway`],
  configFile: '/etc/batchway/batchway.yaml',
  stateDirectory: '/var/lib/batchway',
  isTraversable: false,
  usesSudo: true,
  localScheduler: null,
  listen: ['127.0.0.1:8000'],
  hasLowPorts: { proxy: false, hub: false },
  logFolders: { hub: ['/var/log/batchway'], proxy: ['/var/log/batchway'] },
  report: { isMailed: false, timeZone: 'UTC' },
  environment: {},
}

const sudoers = sudoersFile({
  hub: facts.account,
  people: { group },
  commands: ['/usr/bin/sbatch', '/usr/bin/scancel', `${prefix}/${logReaderName}`],
  keep: [],
})

export const packagingFiles = (root: string): readonly ReleaseFile[] => {
  const file = (name: string, text: string) => textFile(`share/packaging/${name}`, text)
  return [
    file('systemd/batchway-hub.service', hubUnit(facts)),
    file('systemd/batchway-proxy.service', proxyUnit(facts)),
    file('systemd/batchway-report.service', reportUnit(facts)),
    file('systemd/batchway-report.timer', reportTimer(facts)),
    file('systemd/batchway.target', target(facts)),
    file('sysusers.d/batchway.conf', sysusers(facts, group)),
    file('tmpfiles.d/batchway.conf', tmpfiles(facts)),
    file('sudoers.d/batchway', sudoers),
    copiedFile('share/packaging/logrotate.d/batchway', join(root, 'packaging/logrotate/batchway')),
    ...globSync('packaging/puppet/**/*.{pp,json,md}', { cwd: root })
      .sort()
      .map((path) => copiedFile(join('share', path), join(root, path))),
  ]
}

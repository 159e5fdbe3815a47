/** Which programs a login node must allow: from the site's configuration. Looks at nothing. */
import { basename } from 'node:path'
import { statePaths } from '../../app/state-paths.ts'
import type { LoadedConfig } from '../../core/load-config.ts'
import { openSubjects } from '../doctor/cluster-subject.ts'
import { logReaderName } from '../doctor/judge-sudo.ts'
import { driverCommands } from '../doctor/look-at-cluster.ts'
import { type LoginNodeFacts, pathThere } from './login-node.ts'

export interface LoginNodeAsked {
  /** Of the cluster; the only one with ssh if absent. */
  readonly cluster: string | undefined
  readonly group: string
  readonly installed: string
  /** Folder of the scheduler's commands there. */
  readonly commands: string
  readonly set: Readonly<Record<string, string>>
}

/** @throws {Error} with words. */
export function findLoginNode(loaded: LoadedConfig, asked: LoginNodeAsked): LoginNodeFacts {
  const subjects = openSubjects(loaded, statePaths(loaded.config), {
    signal: new AbortController().signal,
    account: 'batchway',
    environment: {},
  }).filter(({ config }) => config.transport === 'ssh')
  if (subjects.length === 0) throw new Error('no cluster has "transport: ssh": no login node needs anything')
  const named = subjects.filter(({ key }) => asked.cluster === undefined || key === asked.cluster)
  const [subject] = named
  if (!subject || named.length > 1)
    throw new Error(`name one of these clusters: --cluster ${subjects.map(({ key }) => key).join('|')}`)
  const { driver, settings, config } = subject
  const needed = driverCommands(subject)
  const list = driver.list(settings).file
  const there = (file: string): string => pathThere(file, asked.commands)
  // The list as well: a scheduler that hides jobs from the gateway shows everybody his own.
  const users = needed.filter(({ as, file }) => as === 'owner' || basename(file) === basename(list))
  return {
    account: config.ssh?.user ?? 'batchway',
    group: asked.group,
    installed: asked.installed.replace(/\/$/, ''),
    users: [
      ...users.map(({ file }) => there(file)),
      ...(driver.readLog ? [`${asked.installed}/${logReaderName}`] : []),
    ],
    itself: needed.filter(({ as }) => as === 'hub').map(({ file }) => there(file)),
    variables: Object.keys(driver.environment?.set ?? {}),
    set: asked.set,
  }
}

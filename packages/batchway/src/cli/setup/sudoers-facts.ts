/** What goes into the sudoers file: from the site's configuration, and from where this host has the programs. Changes nothing. */
import { basename } from 'node:path'
import { statePaths } from '../../app/state-paths.ts'
import type { LoadedConfig } from '../../core/load-config.ts'
import { type ClusterSubject, openSubjects } from '../doctor/cluster-subject.ts'
import { logReaderName } from '../doctor/judge-sudo.ts'
import { findCommands, sudoPrograms } from '../doctor/look-at-cluster.ts'
import { weakPlacesOf } from '../doctor/look-at-paths.ts'
import { servicePath } from './service-path.ts'
import type { SudoersFacts } from './sudoers.ts'
import { type HostAccounts, isSystemUid } from './system-accounts.ts'

export interface SudoersAsked {
  /** Login name of the hub's account. */
  readonly hub: string
  readonly group: string
  /** Instead of the group: everybody but this host's system accounts. */
  readonly everybody: boolean
  /** Variables of the hub's environment that the commands need, e.g. SLURM_CONF. */
  readonly keep: readonly string[]
}

/** Programs of one cluster that run as its users. @throws {Error} with words if one is not here. */
async function programsOf(subject: ClusterSubject): Promise<string[]> {
  const { driver, settings, key } = subject
  const programs = await sudoPrograms(subject)
  if (driver.id === 'local') {
    if (programs.length > 0) return [...programs]
    throw new Error(`cluster ${key}: name the folder of the agent (clusters.${key}.agent), which holds what sudo runs`)
  }
  // The list as well: a scheduler that hides jobs from the hub shows everybody his own.
  const list = driver.list(settings).file
  const needed = (await findCommands(subject)).filter(({ as, name }) => as === 'owner' || name === basename(list))
  return [
    ...needed.map(({ name, file }) => {
      if (file !== null) return file
      throw new Error(
        `cluster ${key}: ${name} was not found on ${servicePath}: say where it is (clusters.${key}.settings.commandDirectory)`,
      )
    }),
    ...programs,
  ]
}

/** @throws {Error} with words where the group has members that nobody may act for. */
function checkGroup(group: string, hub: string, accounts: HostAccounts): void {
  const members = accounts.membersOf(group) ?? []
  const wrong = accounts.entries.filter(
    ({ name, uid }) => members.includes(name) && (isSystemUid(uid, accounts.uidMin) || name === hub),
  )
  if (wrong.length === 0) return
  throw new Error(
    `the group ${group} has members that no job may run as: ${wrong.map(({ name, uid }) => `${name} (uid ${uid})`).join(', ')}. Take them out (gpasswd --delete NAME ${group}), or name another group`,
  )
}

export interface FoundSudoers {
  readonly facts: SudoersFacts
  /** What an administrator should know; not part of the file. */
  readonly warnings: readonly string[]
}

/** @throws {Error} with words: no cluster needs sudo, a program is missing, or others than root could replace it. */
export async function findSudoers(
  loaded: LoadedConfig,
  asked: SudoersAsked,
  accounts: HostAccounts,
): Promise<FoundSudoers> {
  const subjects = openSubjects(loaded, statePaths(loaded.config), {
    signal: new AbortController().signal,
    account: asked.hub,
    environment: { PATH: servicePath },
  }).filter(({ config }) => config.transport === 'sudo')
  if (subjects.length === 0) throw new Error('no cluster has "transport: sudo": there is nothing to allow')
  const found = (await Promise.all(subjects.map(programsOf))).flat()
  const warnings: string[] = []
  const commands = [...new Set(found)].filter((file) => {
    const weak = weakPlacesOf(file)
    if (weak.length === 0) return true
    const words = `${file} can be replaced by others than root (${weak.join('; ')}): they could run anything as every user`
    if (basename(file) !== logReaderName) throw new Error(words)
    warnings.push(`${words}. It is left out: pages then show where a log is instead of its last lines`)
    return false
  })
  for (const { key, agentFolder } of subjects)
    if (agentFolder === null || !found.some((file) => file === `${agentFolder}/${logReaderName}`))
      warnings.push(
        `cluster ${key}: no ${logReaderName} (batchway agent install): pages show where a log is instead of its last lines`,
      )
  const declared = subjects.flatMap(({ driver }) => driver.environment?.keep ?? [])
  const unknown = asked.keep.filter((name) => !declared.includes(name))
  if (unknown.length > 0)
    throw new Error(`no driver of this site needs ${unknown.join(', ')}; they need ${declared.join(', ') || 'nothing'}`)
  if (!asked.everybody) checkGroup(asked.group, asked.hub, accounts)
  const excluded = accounts.entries.filter(({ name, uid }) => isSystemUid(uid, accounts.uidMin) || name === asked.hub)
  return {
    facts: {
      hub: asked.hub,
      people: asked.everybody ? { everybodyBut: excluded.map(({ uid }) => uid) } : { group: asked.group },
      commands,
      // What a driver sets itself must reach its commands, too.
      keep: [
        ...new Set([...subjects.flatMap(({ driver }) => Object.keys(driver.environment?.set ?? {})), ...asked.keep]),
      ],
    },
    warnings,
  }
}

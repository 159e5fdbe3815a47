/** Gathers what is judged about a cluster: its commands, its scheduler's words, its sudo rules, its agent. Submits nothing. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { oldestProtocol, protocolVersion } from '@batchway/agent'
import { type Command, type Partition, SchedulerError, toJobId } from '@batchway/schedulers'
import { findScheduler } from '@batchway/schedulers/local'
import { version } from '../../app/version.ts'
import { takesNoArguments } from '../setup/sudoers.ts'
import { type ClusterSubject, packageVersionOf, requestOf, schedulerCommand, submitCommand } from './cluster-subject.ts'
import type { AgentFacts } from './judge-agent.ts'
import type { HtcondorWords } from './judge-htcondor.ts'
import type { LocalFacts } from './judge-local.ts'
import type { FoundCommand } from './judge-scheduler.ts'
import { logReaderName, type SudoFacts, type TriedCommand } from './judge-sudo.ts'
import { closedPlacesOf, lookAt, weakPlacesOf } from './look-at-paths.ts'
import { parseSudoList } from './parse-sudo-list.ts'
import { parseSlurmSettings, type SlurmSettings } from './slurm-settings.ts'

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What a hub runs on this cluster, for a job that is never submitted. */
export function driverCommands(subject: ClusterSubject): readonly Command[] {
  const { driver, settings, profiles } = subject
  const id = toJobId('1')
  const sample = { name: 'sample', account: 'nobody', script: '#!/bin/sh\n', workdir: '/', outputPath: '/dev/null' }
  return [
    ...profiles.slice(0, 1).map((profile) => submitCommand(subject, requestOf(profile, sample))),
    driver.cancel(id, settings),
    driver.list(settings),
    ...(driver.history ? [driver.history.command([id], settings)] : []),
    ...(driver.availability ? [driver.availability.command(settings)] : []),
  ]
}

export async function findCommands(
  subject: ClusterSubject,
): Promise<readonly (FoundCommand & { as: Command['as'] })[]> {
  const commands = new Map(driverCommands(subject).map(({ file, as }) => [file, as]))
  return Promise.all(
    [...commands].map(async ([file, as]) => {
      const found = await subject.find(file)
      const isThere = found !== null && (subject.site.loginNode !== undefined || isExecutable(found))
      return { name: basename(file), file: isThere ? found : null, as }
    }),
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface SlurmWords {
  readonly commands: string
  readonly settings: SlurmSettings
  readonly adminLevel: string | null
}

/** @throws {SchedulerError} if `sbatch --version` does not even run. What else fails is left empty. */
export async function askSlurm(subject: ClusterSubject, hub: string): Promise<SlurmWords> {
  const tell = (name: string, ...args: string[]): Promise<string> =>
    subject.ask(schedulerCommand(subject, name, ...args), '').then(
      ({ exitCode, stdout }) => (exitCode === 0 ? stdout : ''),
      () => '',
    )
  const { stdout } = await subject.ask(schedulerCommand(subject, 'sbatch', '--version'), '')
  const [settings, level] = await Promise.all([
    tell('scontrol', 'show', 'config'),
    tell('sacctmgr', '--noheader', '--parsable2', 'show', 'user', 'where', `name=${hub}`, 'format=AdminLevel'),
  ])
  return {
    commands: stdout.trim(),
    settings: parseSlurmSettings(settings),
    adminLevel: level.trim().split('\n')[0] || null,
  }
}

/** Null where `condor_version` does not even run, as behind the rules of a login node. */
export async function askHtcondor(subject: ClusterSubject): Promise<HtcondorWords | null> {
  const tell = (name: string, ...args: string[]): Promise<string | null> =>
    subject.ask(schedulerCommand(subject, name, ...args), '').then(
      ({ exitCode, stdout }) => (exitCode === 0 ? stdout.trim() : null),
      () => null,
    )
  const [version, history, fileSystem, uid] = await Promise.all([
    tell('condor_version'),
    ...['HISTORY', 'FILESYSTEM_DOMAIN', 'UID_DOMAIN'].map((name) => tell('condor_config_val', name)),
  ])
  if (version === null || version === undefined) return null
  return { version, history: history ?? null, domains: fileSystem && uid ? { fileSystem, uid } : null }
}

export async function listPartitions({ site }: ClusterSubject): Promise<readonly Partition[] | string> {
  try {
    return await site.cluster.availability()
  } catch (error) {
    return wordsOf(error)
  }
}

/** Programs that the hub starts by sudo: the driver's own, or the local scheduler's shepherd; and what reads logs, if it is installed. */
export async function sudoPrograms(subject: ClusterSubject): Promise<readonly string[]> {
  const [shepherd, reader] = [shepherdOf(subject), logReaderOf(subject)]
  const readers = reader === null || !isExecutable(reader) ? [] : [reader]
  if (subject.driver.id === 'local') return shepherd === null ? [] : [shepherd, ...readers]
  const found = await findCommands(subject)
  return [...found.flatMap(({ file, as }) => (as === 'owner' && file !== null ? [file] : [])), ...readers]
}

const logReaderOf = ({ agentFolder, config, driver }: ClusterSubject): string | null =>
  config.transport === 'sudo' && agentFolder !== null && driver.readLog ? join(agentFolder, logReaderName) : null

const shepherdOf = ({ agentFolder, config }: ClusterSubject): string | null =>
  config.transport === 'sudo' && agentFolder !== null ? join(agentFolder, 'batchway-local-shepherd') : null

export async function lookAtSudo(subject: ClusterSubject, hub: string, account: string): Promise<SudoFacts> {
  const { neededVariables } = subject
  async function tryOne(file: string): Promise<TriedCommand> {
    // Our own programs say that they have no order, and end; others tell their version.
    const args = takesNoArguments(file) ? [] : ['--version']
    const failure = await subject.ask({ file, args, as: 'owner' }, account).then(() => null, wordsOf)
    return { file, failure, weakPlaces: weakPlacesOf(file) }
  }
  const programs = await sudoPrograms(subject)
  const listed = await subject.ask({ file: '/usr/bin/sudo', args: ['-n', '-l'], as: 'hub' }, '').catch(() => null)
  return {
    hub,
    account,
    commands: await Promise.all(programs.map(tryOne)),
    list: listed?.exitCode === 0 ? parseSudoList(listed.stdout) : null,
    neededVariables,
    needsLogs: subject.driver.secretChannel === 'log',
  }
}

/** Each profile's job as Slurm would take it; nothing is submitted. @returns words of a refusal, null if it would be taken. */
export async function testProfile(
  subject: ClusterSubject,
  profile: ClusterSubject['profiles'][number],
  parts: { readonly account: string; readonly home: string },
): Promise<{ readonly refusal: string | null } | { readonly unclear: string }> {
  const request = requestOf(profile, {
    name: 'doctor',
    account: parts.account,
    script: '#!/bin/sh\n',
    workdir: parts.home,
    outputPath: '/dev/null',
  })
  try {
    const command = submitCommand(subject, request)
    const { exitCode, stderr } = await subject.ask(
      { ...command, args: ['--test-only', ...command.args] },
      parts.account,
    )
    if (exitCode === 0) return { refusal: null }
    const lines = stderr
      .split('\n')
      .map((line) => line.replace(/^(?:sbatch: |error: |allocation failure: )*/, '').trim())
    return { refusal: [...new Set(lines.filter(Boolean))].join('; ') || `sbatch ended with ${exitCode}` }
  } catch (error) {
    if (error instanceof SchedulerError) return { unclear: error.message }
    throw error
  }
}

export function lookAtAgent({ agent, agentFolder, config, driver }: ClusterSubject): AgentFacts {
  const program = agent === null ? null : join(agent.directory, 'dist/bin.js')
  const isThere = program !== null && existsSync(program)
  const uid = process.getuid?.() ?? 0
  const owners = [
    0,
    ...(isThere ? [lookAt(program).found?.uid ?? 0] : []),
    ...(config.transport === 'self' ? [uid] : []),
  ]
  const files = isThere && agent !== null ? [program, agent.node] : []
  return {
    folder: agentFolder,
    installed:
      isThere && agent !== null
        ? {
            directory: agent.directory,
            version: packageVersionOf(agent.directory),
            protocol: protocolOf(agent.directory),
            hasRuntime: isExecutable(agent.node),
          }
        : null,
    weakPlaces: [...new Set(files.flatMap((file) => weakPlacesOf(file, owners)))],
    closedPlaces: [...new Set(files.flatMap(closedPlacesOf))],
    own: { version, protocol: protocolVersion, oldestProtocol },
    actsForOthers: config.transport === 'sudo',
    isLocal: driver.id === 'local',
  }
}

/** Read, not run: what lies there may be of any version. */
function protocolOf(directory: string): number | null {
  try {
    const text = readFileSync(join(directory, 'dist/protocol.js'), 'utf8')
    const [, number] = /protocolVersion = (\d{1,4})\b/.exec(text) ?? []
    return number === undefined ? null : Number(number)
  } catch {
    return null
  }
}

export async function lookAtLocal(subject: ClusterSubject, hub: string, isHubRunning: boolean): Promise<LocalFacts> {
  const { settings, config } = subject
  const state =
    typeof settings === 'object' && settings !== null && 'state' in settings ? String(settings.state) : '/nowhere'
  const shepherd = shepherdOf(subject)
  const mounts = existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : ''
  const hasSystemd = existsSync('/run/systemd/system')
  const uid = process.getuid?.() ?? 0
  return {
    pid: await findScheduler(state),
    isHubRunning,
    state,
    mode: lookAt(state).found?.mode ?? null,
    usesSudo: config.transport === 'sudo',
    shepherd: shepherd === null ? null : { path: shepherd, isThere: isExecutable(shepherd) },
    // With gid= of a group we are in, another account's process is shown all the same: then pid 1 can be seen.
    hidesProcesses:
      /^\S+ \/proc proc \S*hidepid=(?:1|2|invisible|noaccess|ptraceable)/m.test(mounts) && !existsSync('/proc/1'),
    hasSystemd,
    hasUserManager: !hasSystemd || uid === 0 || existsSync(`/run/user/${uid}/systemd`),
    hub,
  }
}

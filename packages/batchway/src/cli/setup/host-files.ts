/** `batchway setup all`: services and sudo rule of one gateway, made from its configuration and put where they belong. */
import { findCommand } from '@batchway/schedulers'
import type { LoadedConfig } from '../../core/load-config.ts'
import { checkSudoers, writeFile } from '../init/carry-out.ts'
import { placesOf } from '../init/choices.ts'
import { type ComparedFile, type PlannedFile, plannedSudoers, plannedUnits } from '../init/plan.ts'
import { compareTexts } from './compare-texts.ts'
import { findSudoers } from './sudoers-facts.ts'
import { lookAtAccounts } from './system-accounts.ts'
import { findUnits } from './unit-facts.ts'

export interface HostFilesAsked {
  readonly configFile: string
  readonly instance: string | null
  readonly account: string
  readonly group: string
  readonly environment: Readonly<Record<string, string>>
  readonly installed: string | null
}

/** @returns the files as they should be, and what an administrator should know. @throws {Error} with words. */
export async function hostFiles(
  loaded: LoadedConfig,
  { configFile, instance, account, group, environment, installed }: HostFilesAsked,
): Promise<{ readonly files: readonly PlannedFile[]; readonly warnings: readonly string[] }> {
  const facts = findUnits(loaded.config, { account, configFile, instance, environment, installed })
  const units = plannedUnits(facts)
  if (!facts.usesSudo) return { files: units, warnings: [] }
  const keep = Object.keys(environment)
  const found = await findSudoers(loaded, { hub: account, group, everybody: false, keep }, lookAtAccounts())
  return { files: [...units, plannedSudoers({ places: placesOf(instance, null) }, found)], warnings: found.warnings }
}

/** How files differ from those that should be there, for a terminal. */
export const differencesText = (compared: readonly ComparedFile[]): string =>
  compared
    .filter(({ state }) => state !== 'same')
    .map(({ path, found, text }) =>
      found === null
        ? `${path}: is missing\n`
        : `${path}: differs (- what is there, + what should be)\n${compareTexts(found, text).join('\n')}\n`,
    )
    .join('')

/** Write those that differ; the sudo rule only if visudo takes it. @returns paths of what was written. */
export async function writeHostFiles(compared: readonly ComparedFile[]): Promise<readonly string[]> {
  const changed = compared.filter(({ state }) => state !== 'same')
  const visudo = (await findCommand('visudo', '/usr/sbin:/usr/local/sbin:/sbin')) ?? undefined
  for (const { path, text } of changed) if (path.startsWith('/etc/sudoers.d/')) checkSudoers(text, visudo)
  for (const file of changed) writeFile(file)
  return changed.map(({ path }) => path)
}

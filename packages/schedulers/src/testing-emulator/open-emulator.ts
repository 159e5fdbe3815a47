import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeJobTable } from './job-table.ts'

export interface Emulator extends Disposable {
  readonly folder: string
  /** Folder with the scheduler's commands, for the driver's `commandDirectory`. */
  readonly commands: string
}

/** What one emulator is made of. */
export interface EmulatorParts {
  /** Its program: called as `program FOLDER COMMAND ARGUMENTS…`; see `runCommand`. */
  readonly program: URL
  readonly commands: readonly string[]
  readonly firstNumber: number
  /** Where it lies, and stays; a temporary folder if absent. */
  readonly folder?: string
}

/** A scheduler without jobs, whose commands anybody may call. */
export function openEmulator({ program, commands: names, firstNumber, folder: given }: EmulatorParts): Emulator {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'batchway-emulator-'))
  makeJobTable(folder, firstNumber)
  const commands = join(folder, 'bin')
  mkdirSync(commands)
  for (const name of names)
    writeFileSync(
      join(commands, name),
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${fileURLToPath(program)}' '${folder}' ${name} "$@"\n`,
      { mode: 0o755 },
    )
  for (const each of [folder, commands]) chmodSync(each, each === folder ? 0o1777 : 0o755)
  return { folder, commands, [Symbol.dispose]: () => given ?? rmSync(folder, { recursive: true, force: true }) }
}

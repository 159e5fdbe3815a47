import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeJobTable } from './job-table.ts'

export interface PbsEmulator extends Disposable {
  /** Folder with qsub, qstat and qdel, for the driver's `commandDirectory`. */
  readonly commands: string
}

/** A server with one node of eight declared cores, and no jobs. */
export function openPbsEmulator(): PbsEmulator {
  const folder = mkdtempSync(join(tmpdir(), 'batchway-pbs-'))
  makeJobTable(folder)
  const commands = join(folder, 'bin')
  mkdirSync(commands)
  const program = fileURLToPath(new URL('./bin.ts', import.meta.url))
  for (const name of ['qsub', 'qstat', 'qdel'])
    writeFileSync(
      join(commands, name),
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${program}' '${folder}' ${name} "$@"\n`,
      {
        mode: 0o755,
      },
    )
  chmodSync(folder, 0o1777)
  return { commands, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The programs that sudo rules and keys of login nodes name: they stay at one place while versions come and go. */
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { logReaderProgram } from '@batchway/schedulers'
import { logReaderName } from '../app/open-clusters.ts'

export interface JobPrograms {
  /** The local scheduler's program for other accounts' jobs: what its sudo rule names. */
  readonly shepherd: string
  /** Prints the end of a job's output as its owner: what the other sudo rule names. */
  readonly logReader: string
  /** On a login node, the forced command of a gateway's key. */
  readonly commands: string
}

/** A word of sh(1). */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/**
 * Write them into a folder, each in place at once or not at all: sudo may run one at any moment, and another install may be under way.
 * @param to absolute paths: the runtime and the modules that the programs start.
 */
export function writeJobPrograms(
  folder: string,
  to: { readonly node: string; readonly shepherd: string; readonly commands: string },
): JobPrograms {
  const programs = {
    shepherd: join(folder, 'batchway-local-shepherd'),
    logReader: join(folder, logReaderName),
    commands: join(folder, 'batchway-commands'),
  }
  const made = `.new-${process.pid}`
  for (const [program, text] of [
    [programs.shepherd, `#!/bin/sh\nexec ${quoted(to.node)} ${quoted(to.shepherd)}\n`],
    [programs.logReader, logReaderProgram],
    // What a client of sshd may put into the environment must not reach the runtime.
    [
      programs.commands,
      `#!/bin/sh\nexec /usr/bin/env -i PATH=/usr/bin:/bin ${quoted(to.node)} ${quoted(to.commands)} "$@"\n`,
    ],
  ] as const) {
    writeFileSync(`${program}${made}`, text, { mode: 0o755 })
    chmodSync(`${program}${made}`, 0o755)
    renameSync(`${program}${made}`, program)
  }
  return programs
}

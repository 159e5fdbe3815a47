import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureAgentBuild, type InstalledAgent, installAgent } from '@batchway/agent'
import { logReaderProgram } from '@batchway/schedulers'
import type { Command } from 'commander'

/** The folder of a package, from the file its name leads to (`…/src/index.ts` or `…/dist/index.js`). */
const packageRoot = (name: string): string => resolve(fileURLToPath(import.meta.resolve(name)), '../..')

/**
 * Compile what jobs run, where this is a checkout. Needs write access to the checkout, so it comes before giving up root.
 * @throws {Error} with words, where that is missing.
 */
export function buildForJobs(): void {
  for (const name of ['@batchway/agent', '@batchway/schedulers']) {
    const root = packageRoot(name)
    try {
      ensureAgentBuild(root)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'EACCES' && code !== 'EROFS') throw error
      throw new Error(
        `${root} must be compiled once, and this account may not write there: let its owner run "npm start" once, or make a clone of your own`,
        { cause: error },
      )
    }
  }
}

/** What the program of a login node is made of; it needs no package. */
const loginNodeFiles = /^(?:login-node\/.*|local\/process-identity\.js|(?:execute|hold|transport|driver)\.js)$/

export interface InstalledForJobs extends InstalledAgent {
  /** The local scheduler's program for other accounts' jobs: what its sudo rule names. */
  readonly shepherd: string
  /** Prints the end of a job's output as its owner: what the other sudo rule names. */
  readonly logReader: string
  /** On a login node, the forced command of a gateway's key. */
  readonly commands: string
}

/** Install agent, shepherd and log reader into a folder that the compute nodes see. */
export function installForJobs(target: string): InstalledForJobs {
  buildForJobs()
  const folder = resolve(target)
  const installed = installAgent({
    target: folder,
    extra: [
      { from: join(packageRoot('@batchway/schedulers'), 'dist/local'), as: 'local' },
      { from: join(packageRoot('@batchway/schedulers'), 'dist'), as: 'schedulers', only: loginNodeFiles },
    ],
  })
  const shepherd = join(folder, 'batchway-local-shepherd')
  const logReader = join(folder, 'batchway-read-log')
  const commands = join(folder, 'batchway-commands')
  // In place at once or not at all: sudo may run it at any moment, and another install may be under way.
  const made = `.new-${process.pid}`
  for (const [program, text] of [
    [shepherd, `#!/bin/sh\nexec '${installed.node}' '${installed.dir}/local/shepherd.js'\n`],
    [logReader, logReaderProgram],
    // What a client of sshd may put into the environment must not reach the runtime.
    [
      commands,
      `#!/bin/sh\nexec /usr/bin/env -i PATH=/usr/bin:/bin '${installed.node}' '${installed.dir}/schedulers/login-node/program.js' "$@"\n`,
    ],
  ] as const) {
    writeFileSync(`${program}${made}`, text, { mode: 0o755 })
    chmodSync(`${program}${made}`, 0o755)
    renameSync(`${program}${made}`, program)
  }
  const current = join(folder, 'current')
  rmSync(`${current}${made}`, { force: true })
  symlinkSync(installed.dir, `${current}${made}`)
  renameSync(`${current}${made}`, current)
  return { ...installed, shepherd, logReader, commands }
}

export function addAgentCommand(program: Command): void {
  program
    .command('agent')
    .description('what jobs run')
    .command('install')
    .description('install the agent into a folder that the compute nodes see; versions live side by side')
    .argument('<folder>', 'e.g. /shared/apps/batchway')
    .action((folder: string) => {
      const { dir, node, version, shepherd, logReader, commands } = installForJobs(folder)
      process.stdout.write(`${JSON.stringify({ version, agent: dir, node, shepherd, logReader, commands })}\n`)
    })
}

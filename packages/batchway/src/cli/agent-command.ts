import { renameSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureAgentBuild, type InstalledAgent, installAgent } from '@batchway/agent'
import type { Command } from 'commander'
import { type JobPrograms, writeJobPrograms } from './job-programs.ts'

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

export interface InstalledForJobs extends InstalledAgent, JobPrograms {}

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
  const programs = writeJobPrograms(folder, {
    node: installed.node,
    shepherd: join(installed.dir, 'local/shepherd.js'),
    commands: join(installed.dir, 'schedulers/login-node/program.js'),
  })
  const current = join(folder, 'current')
  const made = `${current}.new-${process.pid}`
  rmSync(made, { force: true })
  symlinkSync(installed.dir, made)
  renameSync(made, current)
  return { ...installed, ...programs }
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

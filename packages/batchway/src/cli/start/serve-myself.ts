/** A personal gateway for the account that runs this. */
import { existsSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../../core/config.ts'
import { loadConfig } from '../../core/load-config.ts'
import { buildForJobs, installForJobs } from '../agent-command.ts'
import { makeLink } from '../link-command.ts'
import type { StartOptions } from '../start-command.ts'
import { claimFolder, networkOf } from './claim-folder.ts'
import type { Machine } from './facts.ts'
import { findMachine } from './find-machine.ts'
import { isFree } from './free-port.ts'
import { installJupyter } from './install-jupyter.ts'
import { placeState, type StatePlace } from './place-state.ts'
import { prepareConfig } from './prepare-config.ts'
import { openGateway, type RunningGateway, untilStopped } from './start-gateway.ts'
import { portsOf } from './written-config.ts'

const say = (words: string): void => {
  process.stdout.write(`${words}\n`)
}

/** Exit code for the starter that runs as root: there is no Jupyter, install it and try again. */
export const jupyterMissing = 69

class JupyterMissing extends Error {}

const fromEnvironment = (name: string, otherwise: string): string => {
  const value = process.env[name]
  return value?.startsWith('/') ? value : join(homedir(), otherwise)
}

async function findWithJupyter(venv: string, options: StartOptions): Promise<Machine> {
  const first = [join(venv, 'bin')]
  say('Looking what this machine offers: Jupyter, Slurm')
  const machine = await findMachine(first)
  if (machine.jupyter.length > 0) return machine
  if (options.reportMissing) throw new JupyterMissing()
  await installJupyter(venv, options)
  const found = await findMachine(first)
  if (found.jupyter.length === 0)
    throw new Error(`Jupyter was installed, and none of its programs runs. Try: ${venv}/bin/jupyter-lab --version`)
  return found
}

/** Between the choice of a port and listening on it another program may take it: then another one is chosen, once. */
async function openOnFreePort(
  place: StatePlace,
  prepare: () => Promise<string>,
): Promise<{ file: string; config: Config; gateway: RunningGateway }> {
  for (let attempt = 1; ; attempt += 1) {
    const file = await prepare()
    const { config } = await loadConfig(file)
    if (place.shared !== place.directory) installForJobs(join(place.shared, 'agent'))
    else {
      if (!existsSync(join(place.directory, 'agent'))) say('Installing what jobs run')
      buildForJobs()
    }
    try {
      return { file, config, gateway: await openGateway(config, file) }
    } catch (error) {
      if (attempt === 2 || (await isFree(portsOf(config).port))) throw error
    }
  }
}

const linkSeconds = 900

async function serve(options: StartOptions): Promise<void> {
  const uid = process.getuid?.() ?? 0
  const place = placeState({
    ...(options.state !== undefined && { asked: resolve(options.state) }),
    stateHome: fromEnvironment('XDG_STATE_HOME', '.local/state'),
    dataHome: fromEnvironment('XDG_DATA_HOME', '.local/share'),
    uid,
    networkOf,
  })
  if (place.words !== null) say(place.words)
  claimFolder(place.directory)
  if (place.shared !== place.directory) claimFolder(place.shared)
  const venv = join(place.shared, 'venv')
  const { file, config, gateway } = await openOnFreePort(place, () =>
    prepareConfig({
      place,
      base: options.basePath,
      ...(options.port !== undefined && { port: options.port }),
      findMachine: () => findWithJupyter(venv, options),
      say,
    }),
  )
  const { username } = userInfo()
  const link = await makeLink(config, username, linkSeconds)
  say('')
  say(gateway.wasRunning ? `Batchway already runs for ${username}.` : `Batchway runs for ${username}.`)
  say(`Open this link within ${linkSeconds / 60} minutes; it works once:`)
  say('')
  say(`  ${link}`)
  say('')
  say(`Configuration: ${file}   Log: ${join(place.directory, 'batchway.log')}`)
  if (gateway.wasRunning) {
    say('Ctrl-C where it was started stops it.')
    return
  }
  say('Ctrl-C stops the gateway; sessions go on.')
  await untilStopped(gateway)
}

export async function serveMyself(options: StartOptions): Promise<void> {
  try {
    await serve(options)
  } catch (error) {
    if (!(error instanceof JupyterMissing)) throw error
    process.exitCode = jupyterMissing
  }
}

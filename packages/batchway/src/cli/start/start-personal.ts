/** The first start: finds what is there, installs what is missing, and runs a personal gateway for one user. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parse, stringify } from 'yaml'
import { parseConfig } from '../../core/config.ts'
import { loadConfig } from '../../core/load-config.ts'
import { buildForJobs } from '../agent-command.ts'
import { makeLink } from '../link-command.ts'
import type { StartOptions } from '../start-command.ts'
import { runAsServed } from './as-served.ts'
import type { Machine } from './facts.ts'
import { findMachine } from './find-machine.ts'
import { type InstallPlan, manualWords, planJupyter } from './install-plan.ts'
import { decideServed, findAccount, makeAccount } from './served-account.ts'
import { openGateway, untilStopped } from './start-gateway.ts'
import { starterConfig } from './starter-config.ts'

const say = (words: string): void => {
  process.stdout.write(`${words}\n`)
}

const succeeds = (file: string, ...args: string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0

async function mayInstall(plan: InstallPlan, options: StartOptions): Promise<boolean> {
  say(`Missing: ${plan.missing}`)
  say(plan.scope === 'system' ? 'It is installed by:' : 'It can go into a virtual environment of your own, by:')
  for (const step of plan.steps) say(`  ${step.join(' ')}`)
  if (!options.install) return false
  if (options.yes || !process.stdin.isTTY) {
    say('Going ahead (--no-install forbids it).')
    return true
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question('Install it now? [Y/n] ')
  terminal.close()
  return /^(y|yes|)$/i.test(answer.trim())
}

function runSteps(plan: InstallPlan): void {
  const isApt = plan.steps[0]?.[0] === 'apt-get'
  if (isApt && !succeeds('apt-cache', 'show', 'jupyterhub')) {
    spawnSync('apt-get', ['update'], { stdio: 'inherit' })
  }
  for (const [file = '', ...args] of plan.steps) {
    const { status } = spawnSync(file, args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0)
      throw new Error(
        `"${[file, ...args].join(' ')}" failed (exit code ${status}). Run it by hand and look what it says, then start again.`,
      )
  }
}

/** As root the apt lists may never have been fetched: what a release offers is only known then. */
function freshLists(isRoot: boolean): void {
  if (isRoot && existsSync('/usr/bin/apt-get') && !succeeds('apt-cache', 'show', 'python3')) {
    say('Fetching the package lists (apt-get update)')
    spawnSync('apt-get', ['update'], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
}

async function findWithJupyter(venv: string, options: StartOptions): Promise<Machine> {
  const machine = await findMachine([join(venv, 'bin')])
  if (machine.jupyter.length > 0) return machine
  const isRoot = process.getuid?.() === 0
  freshLists(isRoot)
  const plan = planJupyter({
    isRoot,
    hasApt: existsSync('/usr/bin/apt-get'),
    hasPackage: (name) => succeeds('apt-cache', 'show', name),
    hasPython: succeeds('python3', '-c', 'import venv, ensurepip'),
    venv,
  })
  if (plan && (await mayInstall(plan, options))) {
    runSteps(plan)
    const found = await findMachine([join(venv, 'bin')])
    if (found.jupyter.length > 0) return found
  }
  throw new Error(`No Jupyter was found, so there is nothing to start.\n${manualWords(isRoot)}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + 200; port += 1) if (await isFree(port)) return port
  throw new Error(`no free port from ${from} to ${from + 199}`)
}

const basePath = (text: string): string => `/${text.split('/').filter(Boolean).join('/')}/`.replace('//', '/')

/**
 * The configuration of the last start if it fits what is asked now, else a new one. It is a plain file that people may edit:
 * one that differs from what we wrote is never overwritten.
 */
async function prepareConfig(directory: string, options: StartOptions): Promise<string> {
  const file = join(directory, 'batchway.yaml')
  const base = basePath(options.basePath)
  if (existsSync(file)) {
    const { config } = await loadConfig(file)
    const { pathname, port } = new URL(config.url)
    const [command = ''] = Object.values(config.applications)[0]?.command ?? []
    const fits = pathname === base && (options.port === undefined || Number(port) === options.port)
    if (fits && existsSync(command)) return file
  }
  const machine = await findWithJupyter(join(directory, 'venv'), options)
  const [program] = machine.jupyter
  say(`Jupyter: ${program?.path} (${program?.kind} ${program?.version})`)
  if (machine.slurm) say(`Slurm: partitions ${machine.slurm.map(({ name }) => name).join(', ')}`)
  const port = options.port ?? (await freePort(8_000))
  const internalPort = await freePort(port + 1)
  const config = starterConfig(machine, {
    stateDirectory: directory,
    url: `http://127.0.0.1:${port}${base}`,
    listen: `127.0.0.1:${port}`,
    internalPort,
  })
  parseConfig(parse(stringify(config)), file) // what we write must be what we read
  const text = `# Written by "batchway start". Edit it as you like: it is kept as it is.\n${stringify(config)}`
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return file
}

const linkSeconds = 900

async function serveMyself(options: StartOptions): Promise<void> {
  const state = process.env.XDG_STATE_HOME?.startsWith('/')
    ? process.env.XDG_STATE_HOME
    : join(homedir(), '.local/state')
  const directory = resolve(options.state ?? join(state, 'batchway'))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = await prepareConfig(directory, options)
  const { config } = await loadConfig(file)
  const gateway = await openGateway(config, file)
  const { username } = userInfo()
  const link = await makeLink(config, username, linkSeconds)
  say('')
  say(gateway.wasRunning ? `Batchway already runs for ${username}.` : `Batchway runs for ${username}.`)
  say(`Open this link within ${linkSeconds / 60} minutes; it works once:`)
  say('')
  say(`  ${link}`)
  say('')
  say(`Configuration: ${file}   Log: ${join(directory, 'batchway.log')}`)
  if (gateway.wasRunning) return
  say('Ctrl-C stops the gateway; sessions go on.')
  await untilStopped(gateway)
}

export async function startPersonal(options: StartOptions): Promise<void> {
  const decision = decideServed(process.getuid?.() ?? 0, options.user, process.env.SUDO_USER, findAccount)
  switch (decision.do) {
    case 'myself':
      await serveMyself(options)
      return
    case 'refuse':
      throw new Error(decision.words)
    case 'make':
    case 'serve': {
      // What needs root happens here; everything that runs afterwards runs as the one who is served.
      if (decision.do === 'make')
        say(`As root nobody is served by name: making the unprivileged account ${decision.name} for a first try.`)
      const account = decision.do === 'make' ? makeAccount(decision.name) : decision.account
      const found = await findMachine([join(account.home, '.local/state/batchway/venv/bin')])
      if (found.jupyter.length === 0) await findWithJupyter('', options)
      buildForJobs()
      process.exitCode = await runAsServed(account, options)
    }
  }
}

/** Brings Jupyter where there is none: says what is missing and by which commands it comes, asks where somebody can answer. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { type InstallFacts, type InstallPlan, manualWords, planJupyter } from './install-plan.ts'

const say = (words: string): void => {
  process.stdout.write(`${words}\n`)
}

const succeeds = (file: string, ...args: string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0

const hasApt = (): boolean => existsSync('/usr/bin/apt-get')

function findPython(): InstallFacts['python'] {
  if (!succeeds('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 8))')) return 'none'
  if (succeeds('python3', '-c', 'import venv, ensurepip')) return 'venv'
  // pip writes into other environments since 22.3.
  return succeeds('python3', '-c', 'import venv') &&
    succeeds('python3', '-m', 'pip', '--python', 'python3', '--version')
    ? 'pip'
    : 'alone'
}

export interface Consent {
  /** False after `--no-install`. */
  readonly install: boolean
  readonly yes?: boolean
}

async function mayInstall(plan: InstallPlan, { install, yes }: Consent): Promise<boolean> {
  say(`Missing: ${plan.missing}`)
  say(plan.scope === 'system' ? 'It is installed by:' : 'It can go into a virtual environment of your own, by:')
  for (const step of plan.steps) say(`  ${step.join(' ')}`)
  if (!install) {
    say('Nothing is installed (--no-install).')
    return false
  }
  if (yes || !process.stdin.isTTY) {
    say('Going ahead (--no-install forbids it).')
    return true
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    // Ctrl-D and Ctrl-C close the terminal and leave the question without an answer.
    const answer = await Promise.race([
      terminal.question('Install it now? [Y/n] '),
      once(terminal, 'close').then(() => 'no'),
    ]).catch(() => 'no')
    return /^(y|yes|)$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

/** No service starts because its package was unpacked. @see policy-rc.d of invoke-rc.d(8) */
function withoutServices(work: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    work()
  } finally {
    if (isOurs) rmSync(policy, { force: true })
  }
}

function runSteps({ steps }: InstallPlan): void {
  for (const [file = '', ...args] of steps) {
    const { status, error } = spawnSync(file, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    if (status !== 0) {
      throw new Error(
        `"${[file, ...args].join(' ')}" failed (${error?.message ?? `exit code ${status}`}). What it says above is the reason; is there a network? Once it works by hand, start again.`,
      )
    }
  }
}

/** apt knows no package before its lists were fetched once. */
function fetchLists(): void {
  if (succeeds('apt-cache', 'show', 'python3-ipykernel')) return
  say('Fetching the package lists: apt-get update')
  spawnSync('apt-get', ['update'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/**
 * Install Jupyter, as root from the archive, else into a virtual environment.
 * @param venv where the virtual environment goes.
 * @throws {Error} with what a person can do, if nothing may or can be installed.
 */
export async function installJupyter(venv: string, consent: Consent): Promise<void> {
  const isRoot = process.getuid?.() === 0
  const python = isRoot ? 'none' : findPython()
  if (isRoot && hasApt() && consent.install) fetchLists()
  const plan = planJupyter({
    isRoot,
    hasApt: hasApt(),
    hasPackage: (name) => succeeds('apt-cache', 'show', name),
    python,
    venv,
  })
  if (!plan || !(await mayInstall(plan, consent)))
    throw new Error(`No Jupyter was found, so there is nothing to start.\n${manualWords(isRoot, hasApt(), python)}`)
  if (plan.scope === 'system') withoutServices(() => runSteps(plan))
  else runSteps(plan)
}

export const canInstallForAll = (): boolean => process.getuid?.() === 0 && hasApt()

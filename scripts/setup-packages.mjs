/** Finds and installs system packages: says what is missing and with which commands it comes, asks where someone can answer. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'

const policyFile = '/usr/sbin/policy-rc.d'

/** One name a line, `#` begins a comment. */
export const parseList = (text) =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')

/** @param {readonly string[]} names @returns {string[]} those that dpkg does not call installed */
function findMissing(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the language of dpkg-query
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  if (error) return [...names]
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return names.filter((name) => !installed.has(name))
}

/** Without lists apt knows no package at all. */
const hasLists = () => {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.endsWith('_Packages') || /_Packages\.\w+$/.test(name))
  } catch {
    return false
  }
}

/** @param {readonly string[]} names @returns {string[][]} argv of each command, as root */
export const installCommands = (names) => [
  ...(hasLists() ? [] : [['apt-get', 'update']]),
  ['apt-get', 'install', '--yes', '--no-install-recommends', ...names],
]

function runCommand(argv, say) {
  say(`  ${argv.join(' ')}`)
  const { status, error } = spawnSync(argv[0], argv.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return !error && status === 0
}

/** No service starts because its package was unpacked: the bench starts its own, on its own ports. */
function withoutServices(work) {
  const ours = !existsSync(policyFile)
  if (ours) writeFileSync(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return work()
  } finally {
    if (ours) rmSync(policyFile, { force: true })
  }
}

/**
 * Makes sure that the named Debian packages are installed.
 * @param {{ names: readonly string[], what: string, consent: 'ask' | 'yes' | 'no', say: (line: string) => void }} options
 *   `consent`: `ask` asks at a terminal and goes ahead without one; `no` never installs.
 * @throws {Error} whose message holds the exact commands, if something is missing and was not installed
 */
export async function ensurePackages({ names, what, consent, say }) {
  const missing = findMissing(names)
  if (missing.length === 0) return
  const byHand = installCommands(missing)
    .map((argv) => `  sudo ${argv.join(' ')}`)
    .join('\n')
  const refusal = (why) =>
    new Error(`${what} needs ${missing.length} packages that are not installed; ${why}:\n${byHand}`)
  if (spawnSync('apt-get', ['--version']).error)
    throw refusal('this machine has no apt-get; its own names for them may differ')
  if (consent === 'no') throw refusal('nothing was installed (--no-install). Run')
  if (process.getuid?.() !== 0) throw refusal('only root can install them. Run')
  say(`${what} needs these packages: ${missing.join(' ')}`)
  if (consent === 'ask' && process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await terminal.question('Install them now? [Y/n] ').finally(() => terminal.close())
    if (!/^\s*(y(es)?)?\s*$/i.test(answer)) throw refusal('you said no. By hand')
  }
  say('Installing; services of these packages are not started:')
  const commands = installCommands(missing)
  const install = commands[commands.length - 1]
  const isDone = withoutServices(
    // A list that is old names versions the mirror no longer has: then, and only then, it is fetched anew.
    () =>
      commands.every((argv) => runCommand(argv, say)) ||
      (runCommand(['apt-get', 'update'], say) && runCommand(install, say)),
  )
  const left = findMissing(missing)
  if (!isDone || left.length > 0) throw new Error(`apt-get did not install: ${left.join(' ') || 'see above'}`)
}

/** `npm start` as a newcomer types it: in a fresh clone, as root or as oneself. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import { asAccount } from '../../../packages/batchway/src/cli/start/as-account.ts'
import { type Account, findAccount } from '../../../packages/batchway/src/cli/start/served-account.ts'
import { cancelJobs, stopLocalScheduler } from './site.ts'
import { endLocalJobs } from './traces.ts'
import { until } from './until.ts'

const checkout = resolve(import.meta.dirname, '../../..')

export function accountOf(name: string): Account {
  const account = findAccount(name)
  if (!account) throw new Error(`There is no account ${name}. Run "npm test", which brings the test bench up.`)
  return account
}

/** A folder that belongs to somebody, gone at the end. */
export function ownFolder(owner: Account | null, mode = 0o700): { readonly path: string } & Disposable {
  const path = mkdtempSync('/var/tmp/batchway-start-')
  chmodSync(path, mode)
  if (owner) chownSync(path, owner.uid, owner.gid)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A fresh clone of what is committed, without anything that an earlier run installed. */
export function cloneInto(folder: string, owner: Account | null): string {
  const clone = join(folder, 'batchway')
  execFileSync('git', ['-c', `safe.directory=${checkout}/.git`, 'clone', '--quiet', '--no-hardlinks', checkout, clone])
  if (owner) execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, clone])
  return clone
}

/** A folder for the PATH whose programs run what is given: a machine that offers this and nothing else first. */
export function writePrograms(folder: string, programs: Readonly<Record<string, readonly string[]>>): void {
  for (const [name, argv] of Object.entries(programs)) {
    const words = argv.map((word) => `'${word}'`).join(' ')
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 })
  }
}

/** argv that runs a command on a machine without these programs: nothing can be executed in their place. Needs root. */
export const without = (programs: readonly string[], argv: readonly string[]): readonly string[] => [
  'unshare',
  '--mount',
  '--propagation=private',
  'sh',
  '-c',
  `for f in ${programs.join(' ')}; do [ ! -e "$f" ] || mount --bind /dev/null "$f"; done; exec "$@"`,
  'sh',
  ...argv,
]

/** npm's settings of the one who runs the tests, for the one who is to run npm. */
function npmEnvironment(): Record<string, string> {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', cwd: '/' }).trim()
  const certificates = process.env.NODE_EXTRA_CA_CERTS
  return {
    npm_config_registry: registry,
    npm_config_update_notifier: 'false',
    ...(certificates && { NODE_EXTRA_CA_CERTS: certificates }),
  }
}

export interface PersonalOptions {
  readonly clone: string
  /** Who types it: root, or the account itself. */
  readonly as: 'root' | Account
  readonly state: string
  readonly args?: readonly string[]
  /** Searched before the usual folders. */
  readonly path?: string
  /** Wraps the whole command, as root. */
  readonly wrap?: (argv: readonly string[]) => readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Type it at a terminal, and answer the question with this. */
  readonly answer?: string
}

export interface Ran {
  readonly code: number | null
  readonly output: string
}

function command(options: PersonalOptions): readonly [string, ...string[]] {
  const npm = ['npm', 'start', '--', `--state=${options.state}`, ...(options.args ?? [])]
  const asWhom = options.as === 'root' ? npm : asAccount(options.as, npm)
  const wrapped = options.wrap?.(asWhom) ?? asWhom
  // script(1) gives it a terminal of its own.
  const [file = 'npm', ...rest] =
    options.answer === undefined
      ? wrapped
      : ['script', '--quiet', '--return', '--command', wrapped.map(quote).join(' '), '/dev/null']
  return [file, ...rest]
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

function open(options: PersonalOptions): { readonly child: ChildProcess; output(): string } {
  const [file, ...args] = command(options)
  const { as } = options
  const child = spawn(file, args, {
    cwd: options.clone,
    stdio: [options.answer === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: {
      PATH: `${options.path === undefined ? '' : `${options.path}:`}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: as === 'root' ? '/root' : as.home,
      USER: as === 'root' ? 'root' : as.name,
      LANG: 'C.UTF-8',
      ...npmEnvironment(),
      ...options.environment,
    },
  })
  let output = ''
  let isAnswered = false
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (isAnswered || !output.includes('[Y/n]')) return
      isAnswered = true
      child.stdin?.write(options.answer ?? '')
    })
  }
  return { child, output: () => output }
}

/** Run `npm start` to its end. */
export async function runStart(options: PersonalOptions): Promise<Ran> {
  const { child, output } = open(options)
  const [code] = await once(child, 'close')
  child.stdin?.end()
  return { code: typeof code === 'number' ? code : null, output: output() }
}

export interface Personal extends AsyncDisposable {
  readonly url: string
  /** From the command to the printed link. */
  readonly seconds: number
  readonly pid: number
  output(): string
  /** The link that was printed, for one use. */
  link(): Promise<string>
  config(): {
    instance: string
    url: string
    profiles: { key: string }[]
    applications: Record<string, { kind: string }>
  }
  /** Command lines of the hub and the proxy that run for it. */
  parts(): string[]
  /** Ctrl-C: SIGINT for the whole foreground group; resolves when npm has ended. */
  interrupt(): Promise<void>
}

const linkPattern = /(http:\/\/\S+\/hub\/login\/link\?key=\S+)/

/** Run `npm start` until it has printed its link. On disposal nothing is left, except what `keep` says. */
export async function openPersonal(options: PersonalOptions): Promise<Personal> {
  const startedAt = performance.now()
  const { child, output } = open(options)
  const pid = child.pid ?? 0
  const file = join(options.state, 'batchway.yaml')
  const config = (): ReturnType<Personal['config']> => parse(readFileSync(file, 'utf8'))
  const ended = once(child, 'exit')

  async function interrupt(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGINT')
    await ended
  }
  async function dispose(): Promise<void> {
    await interrupt()
    if (existsSync(file)) cancelJobs(config().instance)
    stopLocalScheduler(options.state)
    await endLocalJobs({ stateDirectory: options.state })
  }
  try {
    await until('the link is printed', () => linkPattern.test(output()) || child.exitCode !== null, 120_000)
    if (!linkPattern.test(output())) throw new Error(`npm start ended with ${child.exitCode}:\n${output()}`)
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    url: config().url,
    seconds: (performance.now() - startedAt) / 1_000,
    pid,
    output,
    link: async () => linkPattern.exec(output())?.[1] ?? '',
    config,
    parts: () =>
      execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(options.state) && / hub --config=|--control=/.test(line)),
    interrupt,
    [Symbol.asyncDispose]: dispose,
  }
}
